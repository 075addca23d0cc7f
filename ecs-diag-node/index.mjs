export {
  EcsDiagError,
  NoSuchCheckError,
  NoSuchTargetError,
  Report,
  Snapshot,
  SnapshotError,
  checks,
  diagnose,
  diagnoseSync,
  explain,
  version,
} from './index.js';
