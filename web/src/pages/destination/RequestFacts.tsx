// How a destination makes its requests: signing, what events may choose, what is looked up in them.
import type { Holder, Requests } from "../../api/status";
import { counted, fullTime } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { useZone } from "../../parts/Time";

const DYNAMIC: Record<string, string> = {
  off: "nothing",
  same_origin: "path and headers, within the configured scheme, host and port",
  hosts: "path, headers and host, within the configured one and",
};

function Signing({ signing }: { signing: Requests["signing"] }) {
  const [zone] = useZone();
  if (!signing) return <span className="none">off</span>;
  const { schemes, keys } = signing;
  return (
    <>
      on, <Hostile text={schemes.join(" and ")} />
      {keys.length > 0 && `, ${counted(keys.length, "shared secret")}`}
      {keys.map(
        ({ valid_until, signs }, at) =>
          valid_until && (
            // biome-ignore lint/suspicious/noArrayIndexKey: keys are told apart by their place.
            <div className="secondary" key={at}>
              secret {at + 1} {signs ? "ends" : "ended"} {fullTime(valid_until, zone)}
            </div>
          ),
      )}
    </>
  );
}

function Names({ names }: { names: string[] }) {
  if (names.length === 0) return <span className="none">none</span>;
  return names.map((name, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a name may stand twice.
    <div key={at}>
      <code>
        <Hostile text={name} />
      </code>
    </div>
  ));
}

function Certificate({ of: { subject, valid_until } }: { of: Holder }) {
  const [zone] = useZone();
  return (
    <div>
      <Hostile text={subject} />
      <span className="secondary"> until {fullTime(valid_until, zone)}</span>
    </div>
  );
}

function Tls({ tls }: { tls: Requests["tls"] }) {
  const authorities = tls?.authorities ?? [];
  return (
    <>
      <dt>Trusts</dt>
      <dd>
        {authorities.length === 0 ? (
          <span className="none">the machine's authorities</span>
        ) : (
          authorities.map((each, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a subject may stand twice.
            <Certificate of={each} key={at} />
          ))
        )}
      </dd>
      <dt>Client certificate</dt>
      <dd>{tls?.client ? <Certificate of={tls.client} /> : <span className="none">none</span>}</dd>
    </>
  );
}

export function RequestFacts({ requests }: { requests: Requests }) {
  const { signing, dynamic, hosts, headers, templates, get_extras, tls } = requests;
  return (
    <dl className="facts">
      <dt>Signing</dt>
      <dd>
        <Signing signing={signing} />
      </dd>
      <dt>Events may choose</dt>
      <dd>
        <Hostile text={DYNAMIC[dynamic] ?? dynamic} />
        {hosts.length > 0 && <Names names={hosts} />}
      </dd>
      <dt>Looked up in events</dt>
      <dd>
        <Names names={templates.map(({ setting, path }) => `${setting}: ${path}`)} />
      </dd>
      <dt>Headers</dt>
      <dd>
        <Names names={headers} />
      </dd>
      <Tls tls={tls} />
      {get_extras.length > 0 && (
        <>
          <dt>Queries carry besides</dt>
          <dd>
            <Names names={get_extras} />
          </dd>
        </>
      )}
    </dl>
  );
}
