/* What htmx can't: refused forms are shown, focus goes where the news is, and work is told. */
(function () {
	"use strict";
	var say = function (text) {
		var p = document.getElementById("said");
		if (p) p.textContent = text;
	};

	/* A refusal is an answer as well: its form comes with what is wrong beside the field. */
	document.addEventListener("htmx:beforeSwap", function (e) {
		var type = e.detail.xhr.getResponseHeader("Content-Type") || "";
		if (e.detail.xhr.status >= 400 && type.indexOf("text/html") === 0) {
			e.detail.shouldSwap = true;
			e.detail.isError = false;
		}
	});
	document.addEventListener("htmx:sendError", function () {
		say("The panel can't be reached.");
	});
	document.addEventListener("htmx:timeout", function () {
		say("The panel did not answer in time.");
	});

	/* After a page came: its first error, else its beginning. A part of a page leaves focus alone. */
	document.addEventListener("htmx:afterSettle", function (e) {
		var at = e.detail.target && e.detail.target.id, main, bad;
		main = document.getElementById("main");
		if (at === "list") {
			var count = document.querySelector("#list .pages .muted, #list .empty");
			say(count ? count.textContent : "");
			return;
		}
		if (at === "step") {
			say((document.querySelector("#step .note, #step label") || {}).textContent || "");
			return;
		}
		if (at !== "main" || !main) return;
		bad = main.querySelector("[aria-invalid=true], .note.bad");
		if (bad && bad.matches(".note")) bad.tabIndex = -1;
		(bad || main.querySelector("[autofocus]") || main).focus({preventScroll: !bad});
		say(document.title.split(" · ")[0]);
	});

	/* Work that lasts: a bar, and in words what it is. */
	document.addEventListener("submit", function (e) {
		var bar = document.getElementById("progress"), text = e.target.dataset.work;
		if (!text) return;
		say(text);
		if (bar) {
			bar.hidden = false;
			bar.querySelector("p").textContent = text;
		}
	}, true);
})();
