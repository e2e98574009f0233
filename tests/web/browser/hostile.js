// What is typed is text: into every field of every form, what a page, a shell, a database, a server's configuration or
// a header would act on. It is refused or stored, and shown as it is; nothing runs.
import { readFileSync, existsSync } from "node:fs";
import { Panel, base, check, given, run, same } from "./panel.js";

const values = readFileSync(process.env.HP_CORPUS).toString().split("\0").filter((v) => v && v.length < 1000);
// all of it in one
const all = `'"></textarea></title><script>window.hpRan=8</script><img src=x onerror=window.hpRan=9>{{csrf}}\${x}$(touch /run/hp-ran)\`touch /run/hp-ran\`;../../etc/passwd'; DROP TABLE users; -- ; } server { listen 81; }`;
const pages = ["/websites", "/websites/new", "/websites/h.example", "/websites/h.example/settings", "/websites/h.example/remove", "/certificates/h.example",
	"/users", "/users/new", "/users/mallory", "/users/mallory/edit", "/users/mallory/remove", "/account", "/keys", "/keys/new", "/sessions",
	"/audit", "/tenants", "/tenants/new", "/tenants/evil", "/tenants/evil/edit", "/tenants/evil/remove"];
// so that the other fields are no reason to refuse
const good = { "/websites/new": { domain: "h2.example", tenant: "evil" }, "/users/new": { username: "mallet", tenant: "evil" }, "/tenants/new": { subdomain: "evils" }, "/keys/new": { "verb.site:list": true, username: "mallory" } };
const seen = { forms: 0, fields: 0, sent: 0, stored: 0 };

// The forms with fields to fill in: where they are sent, and the fields' names.
const forms = (p) => p.page.$$eval("main form", (l) => l.map((f, i) => ({ i, method: f.method, action: new URL(f.action).pathname,
	fields: [...f.elements].filter((e) => e.name && !["hidden", "submit", "checkbox"].includes(e.type) && !e.readOnly).map((e) => ({ name: e.name, many: e.localName === "textarea" })) })).filter((f) => f.fields.length));

// Sent as the browser sends it, whatever the field was made for: a number, one of a list, one line.
async function send(p, path, form, fields) {
	// what was answered may be another page at the same address
	const there = async () => p.page.url() === base + path && JSON.stringify((await forms(p)).find((f) => f.i === form.i)) === JSON.stringify(form);
	if (!(await there())) await p.go(path);
	await Promise.all([
		p.page.waitForNavigation({ waitUntil: "load" }),
		p.page.evaluate((i, f, others) => {
			const form = document.querySelectorAll("main form")[i];
			const put = (name, v) => {
				const e = form.elements[name];
				if (e.type === "checkbox") {
					e.checked = v;
					return;
				}
				const t = document.createElement("textarea");
				t.name = name;
				t.value = v;
				e.replaceWith(t);
			};
			for (const [name, v] of Object.entries({ ...others, ...f })) if (form.elements[name]) put(name, v);
			HTMLFormElement.prototype.submit.call(form);
		}, form.i, fields, good[path] || {}),
	]);
	seen.sent++;
	await p.calm();
	check(!(await p.page.evaluate(() => document.title.includes("Internal Server Error") || document.contentType !== "text/html")), `${path}: it broke over ${JSON.stringify(fields)}: ${await p.page.evaluate(() => document.documentElement.innerText)}`);
	// a plan is carried out: what can be stored is
	const apply = await p.page.$("main form input[name=apply]");
	if (!apply) return;
	seen.stored++;
	await Promise.all([p.page.waitForNavigation({ waitUntil: "load" }), apply.evaluate((e) => HTMLFormElement.prototype.submit.call(e.form))]);
	await p.calm();
}

async function attack(p, path) {
	await p.go(path);
	same(p.status, 200, path);
	for (const form of await forms(p)) {
		// a password of one's own that is right would end it here
		const own = form.action === "/account/password";
		seen.forms++;
		seen.fields += form.fields.length;
		for (const f of form.fields) {
			await send(p, path, form, { [f.name]: all });
			if (f.many && !path.endsWith("/new")) await send(p, path, form, { [f.name]: `X-A = ${all}\n/p u = ${all}` });
		}
		// the values go around among the fields, and where a form has few of them, among the forms
		const step = Math.max(form.fields.length, 16);
		for (let i = seen.forms % step; i < values.length && !own; i += step)
			await send(p, path, form, Object.fromEntries(form.fields.map((f, k) => [f.name, values[(i + k) % values.length]])));
		await p.go(path);
	}
}

export default async function (browser) {
	run("hp-tenant", "add", "evil", "-q");
	run("hp-user", "add", "mallory", "tenant=evil", "role=admin", "-q");
	run("hp-site", "add", "h.example", "tenant=evil", "-q");
	const count = () => run("hp-user", "list", "--tsv", "-n", "-o", "username") + run("hp-site", "list", "--tsv", "-n", "-o", "domain");
	const before = count();


	const work = [...pages];
	const two = [await Panel.open(browser), await Panel.open(browser)];
	for (const p of two) await p.login("chief");
	await Promise.all(two.map(async (p) => {
		for (let path = work.shift(); path; path = work.shift()) await attack(p, path);
	}));
	check(seen.forms >= 20 && seen.fields >= 100, `only ${seen.forms} forms with ${seen.fields} fields were found`);

	// what free text there is has been stored, and is shown as it is
	same(JSON.parse(run("hp-tenant", "show", "evil", "--json")).name !== "evil", true, "a name that may be anything is stored");
	run("hp-tenant", "set", "evil", `name=${all}`, "-q");
	const p = two[0];
	for (const path of ["/", ...pages, "/websites/h.example/php", "/php", "/certificates", "/audit?object=evil"]) {
		await p.go(path);
		same(p.status, 200, path);
		await p.calm();
	}
	await p.go("/tenants/evil");
	await p.shows(all);
	const cookies = (await p.context.cookies()).map((c) => c.name).filter((n) => !n.startsWith("__Host-hp_"));
	same(cookies, [], "cookies that somebody else has set");
	for (const q of two) await q.close();

	// who is nobody yet, too: last, for who fails so often is not let in for a while
	const nobody = await Panel.open(browser);
	await nobody.go("/login");
	const login = (await forms(nobody))[0];
	for (const [i, v] of [all, ...values].entries()) await send(nobody, "/login", login, i % 2 ? { username: "x", password: v } : { username: v, password: "x" });
	await nobody.close();

	check(!existsSync("/run/hp-ran"), "a command ran");
	check(count().startsWith(before.slice(0, 4)) && before.split("\n").every((l) => count().includes(l)), `users or websites are gone:\n${count()}`);
	run("hp-audit", "verify", "-q");
	run("hp-vhost", "plan");
	given("", "nginx", "-t", "-q");
}
