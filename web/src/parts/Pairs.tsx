// Pairs that strangers wrote, such as headers: names and values in their order.
import { Hostile } from "./Hostile";
import { Nothing } from "./Panel";

export function Pairs({ pairs, empty }: { pairs: [string, string][]; empty: string }) {
  if (pairs.length === 0) return <Nothing title={empty} />;
  return (
    <dl className="pairs">
      {pairs.map(([name, value], index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a name may come twice; order is identity.
        <div key={index}>
          <dt>
            <Hostile text={name} />
          </dt>
          <dd>
            <Hostile text={value} layout="asSent" />
          </dd>
        </div>
      ))}
    </dl>
  );
}
