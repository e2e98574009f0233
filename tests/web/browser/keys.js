// The main job by keyboard alone: what has the focus is seen, and after each answer it is where the news is.
import { Panel, check, run, same } from "./panel.js";

async function focused(p) {
	return p.page.evaluate(() => {
		const e = document.activeElement;
		const s = getComputedStyle(e);
		return { id: e.id, name: e.getAttribute("aria-label") || e.labels?.[0]?.textContent.trim() || e.textContent.trim(), tag: e.localName,
			seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2, box: e.getBoundingClientRect().toJSON(), y: innerHeight };
	});
}

// Tab until what has the focus is called so; each on the way can be seen, and lies within the window.
async function tab(p, name) {
	for (let i = 0; i < 150; i++) {
		await p.page.keyboard.press("Tab");
		const f = await focused(p);
		if (f.tag === "body") continue;
		check(f.seen, `the focus on ${f.tag} “${f.name}” can't be seen`);
		check(f.box.bottom > 0 && f.box.top < f.y, `the focus on ${f.tag} “${f.name}” is out of sight`);
		if (f.name === name) return;
	}
	throw new Error(`Tab does not come to “${name}” on ${p.page.url()}`);
}
const enter = (p) => p.after(() => p.page.keyboard.press("Enter"));

export default async function (browser) {
	const p = await Panel.open(browser);
	await p.go("/login");
	same((await focused(p)).id, "username", "the focus of the first page");
	await p.page.keyboard.type("chief");
	await tab(p, "Password");
	await p.page.keyboard.type("correct horse battery");
	await tab(p, "Log in");
	await Promise.all([p.page.waitForSelector(".who"), p.page.keyboard.press("Enter")]);
	await p.page.waitForFunction(() => document.readyState === "complete");

	// the first stop leads around the navigation
	await p.page.keyboard.press("Tab");
	same((await focused(p)).name, "Skip to the content", "the first stop");
	await p.page.keyboard.press("Enter");
	await p.page.waitForFunction(() => document.activeElement.id === "main");

	await p.go("/");
	await tab(p, "Websites");
	await enter(p);
	same((await focused(p)).id, "main", "the focus when a page came");
	same(await p.page.$eval("#said", (e) => e.textContent), "Websites", "what is said of it");
	await tab(p, "New website");
	await enter(p);
	await tab(p, "Tenant");
	await p.page.keyboard.press("ArrowDown");
	await tab(p, "Domain (needed)");
	await p.page.keyboard.type("not a domain");
	await enter(p);
	let f = await focused(p);
	same([f.id, f.seen], ["f-domain", true], "the focus after a refusal");
	check(f.box.top >= 0 && f.box.bottom <= f.y, "the refused field is out of sight");
	check((await p.page.$eval("#h-domain", (e) => e.textContent)).includes("domain"), "why is not among what is said of the field");
	await p.page.keyboard.down("Control");
	await p.page.keyboard.press("a");
	await p.page.keyboard.up("Control");
	await p.page.keyboard.type("keys.example");
	await enter(p);
	same(await p.heading(), "Make this website?", "by Enter in a field");
	await tab(p, "Apply");
	await enter(p);
	same(await p.heading(), "keys.example", "applied");
	check(run("hp-site", "list", "--tsv", "-n", "-o", "domain").includes("keys.example"), "it is not there");

	// a list that is searched keeps the focus in its field, and says how many there are
	await p.go("/websites");
	await tab(p, "Search");
	await p.page.keyboard.type("keys");
	await p.page.waitForFunction(() => location.search.includes("q=keys"));
	await p.rest();
	f = await focused(p);
	same(f.id, "q", "the focus when the list came");
	await p.page.waitForFunction(() => document.getElementById("said").textContent.includes("of 1"));
	await tab(p, "keys.example");
	await enter(p);
	await p.page.goBack();
	await p.page.waitForFunction(() => location.search.includes("q=keys") && document.querySelector("#q")?.value === "keys");

	await p.go("/websites/keys.example");
	await tab(p, "Remove…");
	await enter(p);
	await tab(p, "Type keys.example to confirm");
	await p.page.keyboard.type("keys.example");
	await tab(p, "Remove it");
	await enter(p);
	await p.shows("keys.example was removed.");
	await p.close();
}
