// What can be done with the deliveries that are chosen: try them now, or make them again.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Delivery, retryDelivery } from "../../api/deliveries";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { byDestination, canResend, canTryNow } from "./list";

interface Props {
  deliveries: Delivery[];
  names: Map<string, string>;
  onDone: () => void;
}

/** Tries one after the other, and goes on behind one that is refused. */
async function tryAll(deliveries: Delivery[]): Promise<string> {
  let refused = 0;
  for (const { destination, seq } of deliveries) {
    await retryDelivery(destination, seq).catch(() => {
      refused += 1;
    });
  }
  const tried = counted(deliveries.length - refused, "delivery is tried", "deliveries are tried");
  return refused === 0 ? `${tried} now` : `${tried} now, ${refused} could not be`;
}

export function Picked({ deliveries, names, onDone }: Props) {
  const client = useQueryClient();
  const { mutate, isPending, data } = useMutation({
    mutationFn: tryAll,
    onSettled: async () => {
      onDone();
      await client.invalidateQueries({ queryKey: ["deliveries"] });
    },
  });
  const open = deliveries.filter(canTryNow);
  const again = [...byDestination(deliveries.filter(canResend))];
  return (
    <div className="picked" data-empty={deliveries.length === 0 || undefined}>
      <span role="status">
        {deliveries.length > 0 ? `${deliveries.length} chosen` : (data ?? "")}
      </span>
      {open.length > 0 && (
        <Button size="compact-sm" loading={isPending} onClick={() => mutate(open)}>
          Try {open.length} now
        </Button>
      )}
      {again.map(([destination, events]) => (
        <Link
          key={destination}
          to="/replays/new"
          search={{ destination, intent: "resend_range", events }}
        >
          Deliver {events.length} again to <Hostile text={names.get(destination) ?? destination} />…
        </Link>
      ))}
    </div>
  );
}
