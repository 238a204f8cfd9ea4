/** `whippet/testing`: what tests import. */

export type {
  EventExpectation,
  MetricExpectation,
  ServiceCheckExpectation,
  TagPatterns,
} from './expectations/expectation.ts';
export type { TestServerMatchers } from './expectations/matcher-types.ts';
export {
  assertReceivedEvent,
  assertReceivedMetric,
  assertReceivedNothing,
  assertReceivedOnly,
  assertReceivedServiceCheck,
  assertRejectedNothing,
  type MatcherResult,
  matchers,
} from './expectations/matchers.ts';
export type { OnlyOthers } from './expectations/only.ts';
export { snapshotSerializer } from './expectations/snapshot-serializer.ts';
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
export type { PlayedTraffic, PlayOptions } from './test-server/play.ts';
export type {
  ReceivedEvent,
  ReceivedMessage,
  ReceivedMetric,
  ReceivedServiceCheck,
  ReceivedType,
  RejectedMessage,
  Via,
} from './test-server/received.ts';
export { startTestServer, type TestServerOptions } from './test-server/start-test-server.ts';
export { TestServer, type TestSnapshot } from './test-server/test-server.ts';
export { ExpectationError, type WaitOptions } from './test-server/wait.ts';
