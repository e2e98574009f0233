// A website's life: made, its plan seen, applied, opened; another PHP; suspended, undone; removed.
import { Panel, check, run, same } from "./panel.js";

export default async function (browser) {
	const p = await Panel.open(browser);
	await p.login("chief");

	await p.press("Websites");
	await p.press("New website");
	await p.fill({ tenant: "acme", domain: "shop.example", php_version: "8.2", aliases: "www.shop.example" });
	await p.press("Review the change");
	same(await p.heading(), "Make this website?", "the plan's heading");
	await p.shows("server_name shop.example www.shop.example");
	check((await p.page.$$eval(".diff .plus", (l) => l.length)) > 20, "the diff has no lines that come");
	same(run("hp-site", "list", "--tsv", "-n", "-o", "domain").includes("shop.example"), false, "it is made by looking");
	await p.press("Apply");
	same(await p.heading(), "shop.example", "where applying leads");
	await p.shows("shop.example was made.");

	// the page that its visitors see, of the server and PHP that the node runs
	run("sh", "-c", `echo '<?php echo "<h1>PHP ", PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, "</h1>";' >/var/www/vhosts/shop.example/index.php &&
		chown --reference=/var/www/vhosts/shop.example /var/www/vhosts/shop.example/index.php`);
	const visitor = await (await browser.createBrowserContext()).newPage();
	const served = async (name = "shop.example") => {
		const r = await visitor.goto(`http://${name}/`);
		return `${r.status()} ${await visitor.evaluate(() => document.body.innerText.trim())}`;
	};
	same(await served(), "200 PHP 8.2", "the page at first");
	same(await served("www.shop.example"), "200 PHP 8.2", "by its further name");

	await p.press("Settings");
	await p.page.select("#f-php_version", "8.3");
	await p.press("Review the change");
	same(await p.heading(), "Apply this change to shop.example?", "the plan's heading");
	same(await p.page.$$eval("main tbody td", (l) => l.map((e) => e.innerText.trim())), ["PHP version php_version", "8.2", "8.3"], "the one setting that changes");
	same(await served(), "200 PHP 8.2", "the page while the plan is read");
	await p.press("Apply");
	await p.shows("shop.example was changed.");
	same(await served(), "200 PHP 8.3", "the page afterwards");

	await p.press("Suspend");
	await p.shows("is suspended");
	same((await served()).slice(0, 3), "503", "the page of a suspended website");
	await p.press("History");
	await p.after(async () => (await p.page.$("main tbody tr a.button")).click());
	await p.shows("shop.example");
	await p.press("Undo it");
	await p.shows("was undone");
	same(await served(), "200 PHP 8.3", "the page when the suspension is undone");
	// and by undoing once more what was done before, its PHP
	await p.go("/audit?object=shop.example&verb=site:set");
	await p.after(async () => (await p.page.$("main tbody tr a.button")).click());
	await p.shows("php_version");
	await p.press("Undo it");
	same(await served(), "200 PHP 8.2", "the page when the change of PHP is undone");

	await p.go("/websites/shop.example");
	await p.press("Remove…");
	await p.fill({ confirm: "shop.exampl" });
	await p.press("Remove it");
	await p.shows("type the name");
	same(await served(), "200 PHP 8.2", "the page when the name was mistyped");
	await p.fill({ confirm: "shop.example" });
	await p.press("Remove it");
	same(await p.heading(), "Websites", "where removing leads");
	await p.shows("shop.example was removed.");
	check(!(await served()).includes("PHP"), "the page is served although its website is removed");
	await p.close();
}
