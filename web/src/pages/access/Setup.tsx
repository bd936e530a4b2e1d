// The first admin: whoever holds the link that the server printed chooses a name and a password.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useRouterState } from "@tanstack/react-router";
import { useState } from "react";
import { setUp, setupQuery } from "../../api/me";
import { mistakesOf } from "../../parts/form/mistakes";
import { Gate } from "./Gate";

export function Setup() {
  const code = useRouterState({ select: (state) => state.location.hash });
  const router = useRouter();
  const cache = useQueryClient();
  const { data: setup } = useQuery(setupQuery());
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const setting = useMutation({
    mutationFn: () => setUp({ code, name: name.trim(), password }),
    onSuccess: () => {
      cache.clear();
      // The code goes out of the history with its address.
      router.history.replace("/");
    },
  });
  const mistakes = mistakesOf(setting.error);
  const refused = mistakes.size === 0 ? setting.error?.message : undefined;
  if (setup?.needed === false && !setting.isPending) {
    return (
      <Gate title="Set up" refused={undefined} onSubmit={() => {}}>
        <p>The first admin is there already, so this link is used up.</p>
        <Link to="/login">Log in</Link>
      </Gate>
    );
  }
  return (
    <Gate title="Set up the first admin" refused={refused} onSubmit={() => setting.mutate()}>
      {code === "" && (
        <p className="note">
          The code is missing in the address. Open the whole link that the server printed.
        </p>
      )}
      <TextInput
        label="Name"
        name="username"
        autoComplete="username"
        autoFocus
        required
        withAsterisk={false}
        error={mistakes.get("name")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        description="12 characters or more."
        name="password"
        autoComplete="new-password"
        required
        withAsterisk={false}
        error={mistakes.get("password")}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" loading={setting.isPending} disabled={code === ""}>
        Create the admin
      </Button>
    </Gate>
  );
}
