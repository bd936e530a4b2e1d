// The people who may come in, and what each may do.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import {
  makeUser,
  type Role,
  removeUser,
  setPassword,
  setRole,
  type User,
  usersQuery,
} from "../../api/accounts";
import { meQuery, useMay } from "../../api/me";
import { NoRight } from "../../parts/Asked";
import { Confirm } from "../../parts/Confirm";
import { Dialog } from "../../parts/Dialog";
import { elsewhere, mistakesOf, within } from "../../parts/form/mistakes";
import { counted } from "../../parts/format";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { RoleSelect } from "./RoleSelect";
import { Roster } from "./Roster";

function useUsersChange<A>(deed: (what: A) => Promise<unknown>, after?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSuccess: () => after?.(),
    onSettled: async () => await client.invalidateQueries({ queryKey: ["users"] }),
  });
}

interface PasswordProps {
  user: User;
  isMe: boolean;
  onClose: () => void;
}

function Password({ user, isMe, onClose }: PasswordProps) {
  const [current, typeCurrent] = useState("");
  const [password, type] = useState("");
  const { mutate, isPending, error } = useUsersChange(
    () => setPassword(user.name, isMe ? { password, current } : { password }),
    onClose,
  );
  return (
    <Dialog title={`New password of ${user.name}`} onClose={onClose}>
      <form
        className="conflicts"
        onSubmit={(event) => {
          event.preventDefault();
          mutate(undefined);
        }}
      >
        {isMe && (
          <PasswordInput
            size="xs"
            label="Password until now"
            autoComplete="current-password"
            error={within(mistakesOf(error), "current")}
            value={current}
            onChange={(event) => typeCurrent(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          size="xs"
          label="New password"
          autoComplete="new-password"
          error={within(mistakesOf(error), "password") ?? error?.message}
          value={password}
          onChange={(event) => type(event.currentTarget.value)}
        />
        <p className="secondary">Whoever is logged in with the old one has to log in anew.</p>
        <div className="confirm">
          <Button type="submit" loading={isPending} disabled={password === ""}>
            Set password
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Row({ user, isMe }: { user: User; isMe: boolean }) {
  const [asks, setAsks] = useState<"password" | "remove" | null>(null);
  const role = useUsersChange((next: Role) => setRole(user.name, next));
  const removal = useUsersChange(() => removeUser(user.name));
  const error = role.error ?? removal.error;
  return (
    <tr>
      <th scope="row" className="name">
        <Hostile text={user.name} />
        {isMe && <span className="secondary">you</span>}
      </th>
      <td>
        <RoleSelect
          quiet
          label={`Role of ${user.name}`}
          value={user.role}
          disabled={role.isPending}
          onChoose={(next) => role.mutate(next)}
        />
      </td>
      <td>
        <Time at={user.made_at} />
      </td>
      <td>
        {user.seen_at === null ? <span className="none">not yet</span> : <Time at={user.seen_at} />}
        {user.sessions > 0 && (
          <span className="secondary"> logged in {counted(user.sessions, "time")}</span>
        )}
      </td>
      <td>
        <div className="actions">
          <Button variant="default" size="compact-xs" onClick={() => setAsks("password")}>
            Set password<span className="offscreen"> of {user.name}</span>
          </Button>
          <Button variant="default" size="compact-xs" onClick={() => setAsks("remove")}>
            Remove<span className="offscreen"> {user.name}</span>
          </Button>
          {error && (
            <span role="alert" className="refused">
              {error.message}
            </span>
          )}
        </div>
        {asks === "password" && <Password user={user} isMe={isMe} onClose={() => setAsks(null)} />}
        {asks === "remove" && (
          <Confirm
            title={`Remove ${user.name}?`}
            act="Remove"
            onSure={() => {
              setAsks(null);
              removal.mutate(undefined);
            }}
            onClose={() => setAsks(null)}
          >
            <p>Who is logged in under this name is logged out.</p>
          </Confirm>
        )}
      </td>
    </tr>
  );
}

const NOBODY = { name: "", role: "viewer" as Role, password: "" };

function NewUser() {
  const [user, setUser] = useState(NOBODY);
  const { mutate, isPending, error, isSuccess } = useUsersChange(
    () => makeUser(user),
    () => setUser(NOBODY),
  );
  const mistakes = mistakesOf(error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate(undefined);
  };
  return (
    <form className="form" onSubmit={submit} aria-label="New user">
      <div className="fields">
        <TextInput
          size="xs"
          label="Name"
          autoComplete="off"
          error={within(mistakes, "name")}
          value={user.name}
          onChange={(event) => setUser({ ...user, name: event.currentTarget.value })}
        />
        <PasswordInput
          size="xs"
          label="Password"
          autoComplete="new-password"
          error={within(mistakes, "password")}
          value={user.password}
          onChange={(event) => setUser({ ...user, password: event.currentTarget.value })}
        />
        <RoleSelect
          label="Role"
          value={user.role}
          error={within(mistakes, "role")}
          onChoose={(role) => setUser({ ...user, role })}
        />
      </div>
      {elsewhere(error, ["name", "password", "role"]).map((each) => (
        <p className="refused" role="alert" key={each}>
          {each}
        </p>
      ))}
      <div className="confirm">
        <Button type="submit" size="sm" loading={isPending}>
          Add user
        </Button>
        <span role="status" className="secondary">
          {isSuccess ? "Added" : ""}
        </span>
      </div>
    </form>
  );
}

export function Users() {
  const mayAdmin = useMay("admin");
  const { data: me } = useQuery(meQuery());
  const query = useQuery({ ...usersQuery(), enabled: mayAdmin });
  if (me && !mayAdmin) return <NoRight right="admin" />;
  return (
    <>
      <Roster
        title="Users"
        what="the users"
        right="admin"
        query={query}
        heads={["Name", "Role", "Made", "Last seen", "Change"]}
        none={{
          title: "There is no user yet",
          words: "The first one is made with the link that the server has printed at its start.",
        }}
      >
        {(user) => <Row key={user.name} user={user} isMe={me?.name === user.name} />}
      </Roster>
      <Panel title="New user">
        <NewUser />
      </Panel>
    </>
  );
}
