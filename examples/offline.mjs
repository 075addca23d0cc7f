// Diagnoses a task from saved answers.
//
//     node examples/offline.mjs examples/snapshots/checkout

import { diagnose } from 'ecs-diag';

const report = await diagnose({ snapshot: process.argv[2] });

console.log(report.verdict);
for (const cause of report.root_causes) {
  const finding = report.findings[cause.finding];
  console.log(`${finding.check} (${cause.confidence}): ${finding.summary}`);
  if (finding.remedy) {
    const proved = finding.remedy.verified ? 'proved' : 'not proved';
    console.log(`  fix (${proved}): ${finding.remedy.summary}`);
  }
}
