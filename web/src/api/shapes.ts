// What pages know of the API's answers, held against its document by the compiler: each member has to
// be there, of that type, and null where it may be null. Ours may be narrower, as a union of words.
import type { Session } from "./accounts";
import type { Attempt, Phases, Rebuilt } from "./attempts";
import type { Issue } from "./issues";
import type { PlaygroundRequest } from "./playgrounds";
import type { Rejection, RejectionCount } from "./rejections";
import type { Schemas } from "./schema";
import type { Fared } from "./series";
import type { NameSeen, SdkSeen } from "./sources";
import type {
  Connection,
  Destination,
  FilteredCounts,
  Flow,
  Removed,
  Requests,
  Source,
  Status,
} from "./status";
import type { PartRoom, Storage } from "./storage";
import type {
  Judgement,
  RequestHeader,
  ShownRequest,
  StraightTest,
  TestResult,
} from "./testEvents";

type Member<Ours, Theirs> = null extends Theirs
  ? null extends Ours
    ? true
    : "may be null"
  : Ours extends object
    ? true
    : Ours extends Theirs
      ? true
      : "is of another type";

type Faults<Ours, Theirs> = {
  [K in keyof Ours & string]-?: K extends keyof Theirs
    ? Member<Ours[K], Theirs[K]> extends true
      ? never
      : `${K} ${Exclude<Member<Ours[K], Theirs[K]>, true>}`
    : `${K} is not in the API`;
}[keyof Ours & string];

/** Where there are faults, the compiler says which. */
type None<Found extends never> = Found;

export type Checked = [
  None<Faults<Session, Schemas["SessionView"]>>,
  None<Faults<Attempt, Schemas["Attempt"]>>,
  None<Faults<Phases, Schemas["Phases"]>>,
  None<Faults<Rebuilt, Schemas["Rebuilt"]>>,
  None<Faults<ShownRequest, Schemas["Request"]>>,
  None<Faults<RequestHeader, Schemas["RequestHeader"]>>,
  None<Faults<TestResult, Schemas["TestResult"]>>,
  None<Faults<StraightTest, Schemas["StraightTest"]>>,
  None<Faults<Judgement, Schemas["Judgement"]>>,
  None<Faults<Issue, Schemas["IssueStatus"]>>,
  None<Faults<PlaygroundRequest, Schemas["Received"]>>,
  None<Faults<Rejection, Schemas["Rejection"]>>,
  None<Faults<RejectionCount, Schemas["Count"]>>,
  None<Faults<Fared, Schemas["DestinationFared"]>>,
  None<Faults<Omit<Status, "sources" | "destinations">, Schemas["Status"]>>,
  None<Faults<Source, Schemas["SourceStatus"]>>,
  None<Faults<Destination, Schemas["DestinationStatus"]>>,
  None<Faults<Flow, Schemas["FlowStatus"]>>,
  None<Faults<FilteredCounts, Schemas["FilteredStatus"]>>,
  None<Faults<Removed, Schemas["RemovedStatus"]>>,
  None<Faults<Requests, Schemas["RequestsStatus"]>>,
  None<Faults<Connection, Schemas["ConnectionStatus"]>>,
  None<Faults<NameSeen, Schemas["SourceName"]>>,
  None<Faults<SdkSeen, Schemas["SourceSdk"]>>,
  None<Faults<Storage, Schemas["Storage"]>>,
  None<Faults<PartRoom, Schemas["PartRoom"]>>,
  None<Faults<Storage["disk"], Schemas["Disk"]>>,
  None<Faults<Storage["journal"], Schemas["JournalRoom"]>>,
];
