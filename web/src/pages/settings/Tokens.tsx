// API tokens: what programs come in with. The token itself is shown once.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { makeToken, type Role, removeToken, type Token, tokensQuery } from "../../api/accounts";
import { meQuery, useMay } from "../../api/me";
import { NoRight } from "../../parts/Asked";
import { Command } from "../../parts/Command";
import { TimeField } from "../../parts/form/Fields";
import { elsewhere, mistakesOf, within } from "../../parts/form/mistakes";
import { Hostile } from "../../parts/Hostile";
import { Panel } from "../../parts/Panel";
import { Time } from "../../parts/Time";
import { RoleSelect } from "./RoleSelect";
import { Roster } from "./Roster";
import { roleName } from "./roles";

function Row({ token }: { token: Token }) {
  const client = useQueryClient();
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => await removeToken(token.id),
    onSettled: async () => await client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const { name, role, made_by, made_at, expires_at, used_at } = token;
  return (
    <tr>
      <th scope="row" className="name">
        <Hostile text={name} />
      </th>
      <td>{roleName(role)}</td>
      <td>
        <Time at={made_at} /> by <Hostile text={made_by} />
      </td>
      <td>
        {expires_at === null ? <span className="none">never</span> : <Time at={expires_at} />}
      </td>
      <td>{used_at === null ? <span className="none">not yet</span> : <Time at={used_at} />}</td>
      <td>
        <Button variant="default" size="compact-xs" loading={isPending} onClick={() => mutate()}>
          Take back<span className="offscreen"> {name}</span>
        </Button>
        {error && (
          <span role="alert" className="refused">
            {error.message}
          </span>
        )}
      </td>
    </tr>
  );
}

const NO_TOKEN = { name: "", role: "viewer" as Role, expires_at: null as string | null };

function NewToken() {
  const client = useQueryClient();
  const [wanted, setWanted] = useState(NO_TOKEN);
  const { mutate, isPending, error, data } = useMutation({
    mutationFn: async () => await makeToken(wanted),
    onSuccess: () => setWanted(NO_TOKEN),
    onSettled: async () => await client.invalidateQueries({ queryKey: ["tokens"] }),
  });
  const mistakes = mistakesOf(error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    mutate();
  };
  return (
    <form className="form" onSubmit={submit} aria-label="New token">
      <div className="fields">
        <TextInput
          size="xs"
          label="Name"
          placeholder="deploy"
          autoComplete="off"
          error={within(mistakes, "name")}
          value={wanted.name}
          onChange={(event) => setWanted({ ...wanted, name: event.currentTarget.value })}
        />
        <RoleSelect
          label="Role"
          value={wanted.role}
          error={within(mistakes, "role")}
          onChoose={(role) => setWanted({ ...wanted, role })}
        />
        <TimeField
          label="Ends"
          description="Never, where nothing is said."
          error={within(mistakes, "expires_at")}
          value={wanted.expires_at ?? undefined}
          onValue={(at) => setWanted({ ...wanted, expires_at: at ?? null })}
        />
      </div>
      {elsewhere(error, ["name", "role", "expires_at"]).map((each) => (
        <p className="refused" role="alert" key={each}>
          {each}
        </p>
      ))}
      <div className="confirm">
        <Button type="submit" size="sm" loading={isPending}>
          Make token
        </Button>
      </div>
      {data && (
        <div role="status" className="trial">
          <p>
            This is the token <Hostile text={data.name} />. It is shown this once: copy it now.
          </p>
          <Command what="the token" text={data.token} />
        </div>
      )}
    </form>
  );
}

export function Tokens() {
  const mayAdmin = useMay("admin");
  const { data: me } = useQuery(meQuery());
  const query = useQuery({ ...tokensQuery(), enabled: mayAdmin });
  if (me && !mayAdmin) return <NoRight right="admin" />;
  return (
    <>
      <Roster
        title="API tokens"
        what="the tokens"
        right="admin"
        query={query}
        heads={["Name", "Role", "Made", "Ends", "Last used", "Change"]}
        none={{
          title: "There is no token",
          words: "Programs send one as `Authorization: Bearer …`.",
        }}
      >
        {(token) => <Row key={token.id} token={token} />}
      </Roster>
      <Panel title="New token">
        <NewToken />
      </Panel>
    </>
  );
}
