// The types: two samples, one for each module system, and every golden report as a literal of its
// type, so that members and closed sets are held against what is really reported.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { CASES } from './places.mjs';

const ESM = `
import { diagnose, diagnoseSync, explain, checks, NoSuchTargetError, Snapshot } from 'ecs-diag';
import type { Finding, Report, ReportData } from 'ecs-diag';

const snapshot = new Snapshot('answers');
const report: Report = await diagnose({ snapshot, cluster: 'shop', only: ['image'], skip: null });
const plain: ReportData = diagnoseSync({ snapshot: new URL('file:///answers') });
const finding: Finding | undefined = report.findings[report.root_causes[0]?.finding ?? 0];
const words: string[] = [String(report), report.toJson(), report.toMarkdown(), plain.verdict];
const phase: 'pull' | undefined = explain('text').phase === 'pull' ? 'pull' : undefined;
const ids: string[] = checks().map((check) => check.id);
try {
  diagnoseSync({ snapshot });
} catch (error) {
  if (error instanceof NoSuchTargetError) {
    const code: 'no-such-target' = error.code;
  }
}
// @ts-expect-error: not a verdict
if (report.verdict === 'fine') {}
// @ts-expect-error: what is diagnosed must be said
diagnoseSync({ cluster: 'shop' });
// @ts-expect-error: reports are not changed
report.verdict = 'healthy';
export { finding, words, phase, ids };
`;

const CJS = `
import ecsDiag = require('ecs-diag');
const verdict: ecsDiag.Verdict = ecsDiag.diagnoseSync({ snapshot: 'answers' }).verdict;
export = verdict;
`;

test('types', () => {
  const reports = readdirSync(CASES).map((name) =>
    readFileSync(join(CASES, name, 'report.json'), 'utf8').trim(),
  );
  writeFileSync('sample.mts', ESM);
  writeFileSync('sample.cts', CJS);
  writeFileSync(
    'reports.mts',
    `import type { ReportData } from 'ecs-diag';\n${reports
      .map((report, index) => `export const r${index}: ReportData = ${report};\n`)
      .join('')}`,
  );
  const options = '--noEmit --strict --module nodenext --target es2022 --lib es2023,dom'.split(' ');
  execFileSync(
    process.execPath,
    [process.env.TSC, ...options, 'sample.mts', 'sample.cts', 'reports.mts'],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
});
