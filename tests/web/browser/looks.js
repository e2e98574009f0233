// Every page at both widths, light and dark: readable for all (axe), nothing beyond its edge, nothing that moves,
// small on the wire. What they look like is in tests/web/shots.
import { readFileSync } from "node:fs";
import { Panel, check, require, run, same } from "./panel.js";

const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const widths = [360, 1440];
const wrong = []; // all of it is told, not the first alone
const bounds = { wire: 100 * 1024, shift: 0.01 };

async function judge(p, name, width, dark) {
	await p.page.evaluate(axe);
	// what is dark differs in its colours alone
	const found = await p.page.evaluate(async (only) => {
		const r = await window.axe.run(document, { resultTypes: ["violations"], ...only });
		return r.violations.filter((v) => ["serious", "critical"].includes(v.impact))
			.map((v) => `${v.id} (${v.help}): ${v.nodes.map((n) => `${n.target} ${n.any.map((a) => a.message).join(" ")}`).join("; ")}`);
	}, dark ? { runOnly: ["color-contrast"] } : {});
	wrong.push(...found.map((f) => `${name}, ${width} px${dark ? ", dark" : ""}: ${f}`));
	if (dark) return;
	const wide = await p.page.evaluate(() => {
		const edge = document.documentElement.clientWidth;
		// what scrolls inside its own box is not beyond the page's edge
		const boxed = (e) => {
			for (let b = e.parentElement; b; b = b.parentElement) if (["auto", "scroll", "hidden"].includes(getComputedStyle(b).overflowX)) return true;
			return false;
		};
		const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > edge + 1 && !boxed(e));
		return document.documentElement.scrollWidth > edge || out.length ? out.map((e) => e.outerHTML.slice(0, 100)) : null;
	});
	if (wide) wrong.push(`${name}, ${width} px: wider than the page: ${wide}`);
	const twice = await p.page.evaluate(() => [...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i));
	if (twice.length) wrong.push(`${name}: ids that are there twice: ${twice}`);
}

export default async function (browser) {
	// as it comes to somebody new, over the wire with all that it loads
	for (const who of [null, "chief"]) {
		const p = await Panel.open(browser);
		if (who) {
			await p.login(who);
			await p.page.setCacheEnabled(false);
		}
		const cdp = await p.page.createCDPSession();
		let bytes = 0;
		cdp.on("Network.loadingFinished", (e) => (bytes += e.encodedDataLength));
		await cdp.send("Network.enable");
		await p.page.goto("https://localhost:8001/", { waitUntil: "networkidle0" });
		if (who) await p.page.waitForSelector(".uplot");
		check(bytes > 3000 && bytes <= bounds.wire, `the first view of ${who || "nobody"} has ${bytes} bytes`);
		await p.close();
	}

	const entry = run("hp-audit", "list", "--tsv", "-n", "-o", "id", "--object", "a.example", "--limit", "1").trim();
	const pages = {
		dashboard: "/", websites: "/websites", "websites-none": "/websites?q=nothing-like-it", "website-new": "/websites/new", website: "/websites/a.example", "website-php": "/websites/a.example/php",
		settings: "/websites/a.example/settings", "website-remove": "/websites/a.example/remove",
		php: "/php", certificates: "/certificates", certificate: "/certificates/a.example",
		users: "/users", "user-new": "/users/new", user: "/users/anna", "user-edit": "/users/anna/edit", account: "/account",
		keys: "/keys", "key-new": "/keys/new", sessions: "/sessions", audit: "/audit", undo: `/audit/${entry}/undo`,
		tenants: "/tenants", tenant: "/tenants/acme", "tenant-new": "/tenants/new", "tenant-edit": "/tenants/acme/edit", nowhere: "/nowhere",
	};
	await Promise.all(widths.map((width) => all(browser, pages, width)));
	check(!wrong.length, wrong.join("\n"));
}

// All pages of one width.
async function all(browser, pages, width) {
	const nobody = await Panel.open(browser);
	const chief = await Panel.open(browser);
	const shown = async (p, name, dark) => {
		await judge(p, name, width, dark);
		await p.shot(`${name}-${width}-${dark ? "dark" : "light"}`);
	};
	await chief.login("chief");
	for (const [name, path] of [["login", "/login"], ...Object.entries(pages)]) {
		const p = name === "login" ? nobody : chief;
		await p.look({ width, dark: false });
		same(await p.go(path), name === "nowhere" ? 404 : 200, `${path}: status`);
		for (const dark of [false, true]) {
			await p.look({ width, dark });
			if (name === "dashboard") {
				// its chart is drawn in the colours that there were
				await p.go(path);
				await p.page.waitForSelector(".uplot");
			}
			await shown(p, name, dark);
		}
		await p.calm();
	}
	// what only comes of doing something
	for (const dark of [false, true]) {
		await chief.look({ width, dark });
		await chief.go("/websites/a.example/settings");
		await chief.fill({ php_memory_limit: "300M", redirects: "/old = 301 /new\n/x/* = 302 /y/*" });
		await chief.press("Review the change");
		await shown(chief, "plan", dark);
		await chief.press("Change it again");
		await chief.fill({ php_memory_limit: "lots" });
		await chief.press("Review the change");
		check(await chief.page.$("[name=php_memory_limit][aria-invalid=true]"), "the refused field is not marked");
		await shown(chief, "refused", dark);
	}

	// parts that come later move nothing
	const still = async (where) => {
		const s = await chief.page.evaluate(() => window.hpSeen);
		if (s.shift > bounds.shift) wrong.push(`${where} at ${width} px moves by ${s.shift}: ${s.shifts.join("; ")}`);
	};
	await chief.look({ width, dark: false });
	await chief.go("/");
	await chief.page.waitForSelector(".uplot");
	await chief.page.evaluate(() => {
		const again = (id) => window.htmx.ajax("GET", document.getElementById(id).getAttribute("hx-get"), { target: `#${id}`, swap: "innerHTML" });
		return Promise.all([again("metrics"), again("recent")]);
	});
	await chief.rest();
	await still("the dashboard");
	for (const name of ["Websites", "Users", "Audit trail", "Dashboard"]) {
		await chief.press(name);
		if (name === "Dashboard") await chief.page.waitForSelector(".uplot");
		await still(`going to ${name}`);
	}
	await chief.go("/websites");
	await chief.page.type("#q", "a.ex");
	await chief.page.waitForFunction(() => location.search.includes("a.ex"));
	await chief.rest();
	await still("searching");
	await nobody.close();
	await chief.close();
}
