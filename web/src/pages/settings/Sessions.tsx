// Where one is logged in, and the way to end that from here.
import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { endSession, type Session, sessionsQuery } from "../../api/accounts";
import { meQuery } from "../../api/me";
import { Hostile } from "../../parts/Hostile";
import { Time } from "../../parts/Time";
import { browserWords } from "./browserWords";
import { Roster } from "./Roster";

function useEnd() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: endSession,
    onSettled: async () => await client.invalidateQueries({ queryKey: ["sessions"] }),
  });
}

function Row({ session }: { session: Session }) {
  const { mutate, isPending, error } = useEnd();
  const { id, begun_at, seen_at, address, user_agent, is_this } = session;
  const words = browserWords(user_agent);
  return (
    <tr>
      <th scope="row" className="name">
        <span title={user_agent}>
          <Hostile text={words} />
        </span>
        {is_this && <span className="secondary">this one</span>}
      </th>
      <td>{address === null ? <span className="none">–</span> : <code>{address}</code>}</td>
      <td>
        <Time at={begun_at} />
      </td>
      <td>
        <Time at={seen_at} />
      </td>
      <td>
        {!is_this && (
          <Button
            variant="default"
            size="compact-xs"
            loading={isPending}
            onClick={() => mutate(id)}
          >
            End<span className="offscreen"> the session of {words}</span>
          </Button>
        )}
        {error && (
          <span role="alert" className="refused">
            {error.message}
          </span>
        )}
      </td>
    </tr>
  );
}

/** How those came in who have no session. */
const WAYS: Record<string, string> = {
  off: "Nobody has to log in here: the setting admin.auth is off.",
  token: "You came in with a token.",
  cookie_file: "You came in with the file admin.cookie.",
};

export function Sessions() {
  const query = useQuery(sessionsQuery());
  const { data: me } = useQuery(meQuery());
  const { mutate, isPending, error } = useEnd();
  const others = query.data?.some((each) => !each.is_this) ?? false;
  return (
    <Roster
      title="Where you are logged in"
      what="your sessions"
      right="view"
      query={query}
      heads={["Browser", "From", "Begun", "Last used", "Change"]}
      aside={
        others && (
          <span className="actions">
            {error && (
              <span role="alert" className="refused">
                {error.message}
              </span>
            )}
            <Button
              variant="default"
              size="compact-sm"
              loading={isPending}
              onClick={() => mutate(null)}
            >
              End all others
            </Button>
          </span>
        )
      }
      none={{ title: "You have no session", words: WAYS[me?.auth ?? ""] ?? "" }}
    >
      {(session) => <Row key={session.id} session={session} />}
    </Roster>
  );
}
