// Logging in: a name and a password, and then the page that was asked for.
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { logIn, setupQuery } from "../../api/me";
import { Gate } from "./Gate";
import { pathWithin } from "./pathWithin";

const route = getRouteApi("/login");

export function Login() {
  const { to } = route.useSearch();
  const router = useRouter();
  const cache = useQueryClient();
  const { data: setup } = useQuery(setupQuery());
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: () => logIn({ name: name.trim(), password }),
    onSuccess: () => {
      cache.clear();
      router.history.replace(pathWithin(to));
    },
    onError: () => setPassword(""),
  });
  return (
    <Gate title="Log in" refused={login.error?.message} onSubmit={() => login.mutate()}>
      {setup?.needed && (
        <p className="note">
          Nobody can log in yet. Open the set-up link that the server printed when it started, or
          run <code>postrider admin create NAME</code> beside it.
        </p>
      )}
      <TextInput
        label="Name"
        name="username"
        autoComplete="username"
        autoFocus
        required
        withAsterisk={false}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        name="password"
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" loading={login.isPending}>
        Log in
      </Button>
    </Gate>
  );
}
