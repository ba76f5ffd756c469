// Opens a page in headless Chromium, sends the messages by its form, closes, and prints what the page shows as JSON.
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
const result = { errors: [] };
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  page.setDefaultTimeout(job.timeout ?? 60000 * patience);
  page.on('pageerror', (error) => result.errors.push(error.message));
  page.on('console', (entry) => {
    // The browser asks for an icon by itself; a page need not have one.
    const unasked = entry.location().url.endsWith('/favicon.ico');
    if (entry.type() === 'error' && !unasked) result.errors.push(entry.text());
  });
  const text = (selector) => page.locator(selector).innerText();
  // Not waitForFunction: it needs eval in the page, which the page's own policy forbids.
  const shows = (selector, pattern) => page.locator(selector).filter({ hasText: pattern }).waitFor();

  const answer = await page.goto(job.url);
  result.httpStatus = answer.status();
  result.title = await page.title();
  await shows('#status', /open|connected/i);
  result.open = await text('#status');
  for (const message of job.messages) {
    await page.fill('#message', message);
    await page.click('#send');
    await shows('#log', message);
  }
  await shows('#rtt', /\d/);
  await shows('#bytes', /[1-9]/);
  result.rtt = await text('#rtt');
  result.bytes = await text('#bytes');
  result.log = await text('#log');
  await shows('#exchange', /^\d{3} in/);
  const first = await text('#exchange');
  await page.click('#ask');
  await shows('#exchange-details', /kept/);
  result.exchange = first;
  result.exchangeDetails = await text('#exchange-details');
  if (job.screenshot) await page.screenshot({ path: job.screenshot, fullPage: true });
  await page.click('#close');
  await shows('#close-code', /\d{4}/);
  result.code = await text('#close-code');
  result.reason = await text('#close-reason');
  result.status = await text('#status');
} catch (error) {
  result.failure = error.message;
} finally {
  await browser.close();
}
console.log(JSON.stringify(result));
