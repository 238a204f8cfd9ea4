/** `whippet/testing`: what tests import. */
export {
  type FakeIntake,
  FakeIntakeListenError,
  type FakeIntakeOptions,
  startFakeIntake,
} from './fake-intake/fake-intake.ts';
export type {
  IntakeCheckRun,
  IntakeEvent,
  IntakeOrigin,
  IntakePoint,
  IntakeResource,
  IntakeSeries,
  IntakeSeriesType,
  IntakeSketch,
  IntakeSketchPoint,
} from './fake-intake/intake-data.ts';
export type { Fault, Override } from './fake-intake/overrides.ts';
export type { StoredPayload } from './fake-intake/payload-store.ts';
