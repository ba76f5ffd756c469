// Opens the page of pages.mjs in headless Chromium, prints what it shows, and closes the tab. The argument: {url, host}.
import { chromium } from 'playwright-core';

const job = JSON.parse(process.argv[2]);
const patience = Math.max(1, Number(process.env.WEIR_TEST_PATIENCE ?? 1));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    `--host-resolver-rules=MAP ${job.host} 127.0.0.1`],
});
const result = {};
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(60000 * patience);
  await page.goto(job.url);
  for (const id of ['events', 'sum', 'refused']) {
    await page.locator(`#${id}`).filter({ hasText: /\S/ }).waitFor();
    result[id] = await page.locator(`#${id}`).innerText();
  }
  result.cookies = await context.cookies();
  await page.close();
} catch (error) {
  result.failure = error.message;
} finally {
  await browser.close();
}
console.log(JSON.stringify(result));
