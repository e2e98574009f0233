// dashboard.js: how long the dashboard takes until all of it is there, in a browser that has seen nothing of the
// panel yet: for bench/web. Prints the microseconds of each turn.
import { Panel, base, password, check } from "./panel.js";

export default async function (browser) {
	const first = await Panel.open(browser);
	await first.login("anna", password);
	const cookies = await first.context.cookies();
	for (let i = 0; i < Number(process.env.HP_BENCH_TURNS || 5); i++) {
		const context = await browser.createBrowserContext();
		await context.setCookie(...cookies);
		const page = await context.newPage();
		const answer = await page.goto(`${base}/`, { waitUntil: "networkidle0" });
		check(answer.status() === 200 && page.url() === `${base}/`, `the dashboard: ${answer.status()} ${page.url()}`);
		const ms = await page.evaluate(() => Math.max(performance.getEntriesByType("navigation")[0].loadEventEnd,
			...performance.getEntriesByType("resource").map((e) => e.responseEnd)));
		process.stdout.write(`${Math.round(ms * 1000)}\n`);
		await context.close();
	}
}
