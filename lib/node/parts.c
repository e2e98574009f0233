/* The parts of this node's engine, in the order of making. A new part is a row here. */
#include "node/engine.h"

extern const struct hp_part hp_part_user, hp_part_php, hp_part_web;

const struct hp_part *const hp_parts[HP_PARTS] = {
	[HP_PART_USER] = &hp_part_user,
	[HP_PART_PHP] = &hp_part_php,
	[HP_PART_WEB] = &hp_part_web,
};
