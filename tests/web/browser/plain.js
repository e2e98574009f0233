// What is essential, without JavaScript: every step is a link or a form.
import { Panel, check, run, same } from "./panel.js";

export default async function (browser) {
	const p = await Panel.open(browser, { js: false });
	await p.go("/websites");
	same(p.status, 401, "who is not known");
	await p.page.type("#username", "chief");
	await p.page.type("#password", "correct horse battery");
	await p.after(() => p.page.click("main button"));
	same([p.page.url(), await p.heading()], ["https://localhost:8001/websites", "Websites"], `where he wanted to be: ${await p.text()}`);
	for (const name of ["Dashboard", "PHP", "Certificates", "Users", "API keys", "Sessions", "Audit trail", "Tenants", "Websites"]) {
		await p.press(name);
		same(await p.heading(), name, `what ${name} leads to`);
	}
	await p.press("New website");
	await p.fill({ tenant: "acme", domain: "plain.example", php_version: "8.2" });
	await p.press("Review the change");
	await p.shows("server_name plain.example");
	await p.press("Apply");
	await p.shows("plain.example was made.");
	await p.press("Settings");
	await p.fill({ php_memory_limit: "lots" });
	await p.press("Review the change");
	check(await p.page.$("[name=php_memory_limit][aria-invalid=true]"), "the refused field is not marked");
	same(await p.page.$eval("[name=php_memory_limit]", (e) => e.value), "lots", "what was typed");
	await p.fill({ php_memory_limit: "300M", gzip_enabled: false });
	await p.press("Review the change");
	await p.press("Change it again");
	same(await p.page.$eval("[name=php_memory_limit]", (e) => e.value), "300M", "what was typed, changed again");
	same(await p.page.$eval("[name=gzip_enabled]", (e) => e.checked), false, "the box without its tick, changed again");
	await p.press("Review the change");
	await p.press("Apply");
	await p.shows("plain.example was changed.");
	same(run("hp-site", "show", "plain.example", "--tsv", "-n", "-o", "php_memory_limit,gzip_enabled"), "300M\tfalse\n", "what is stored");
	await p.press("Suspend");
	await p.shows("is suspended");
	await p.press("History");
	await p.after(async () => (await p.page.$("main tbody tr a.button")).click());
	await p.press("Undo it");
	await p.go("/websites?q=plain&sort=-domain");
	await p.after(async () => (await p.page.$("main tbody a")).click());
	await p.press("Remove…");
	await p.fill({ confirm: "plain.example" });
	await p.press("Remove it");
	await p.shows("was removed");
	await p.press("Log out");
	same(await p.heading(), "Log in", "after logging out");
	await p.close();
}
