// The dialog that adds a source: a name is enough.
import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { addSource } from "../../api/sources";
import { Dialog } from "../../parts/Dialog";
import { elsewhere, mistakesOf } from "../../parts/form/mistakes";
import { Hostile } from "../../parts/Hostile";

export function AddSource({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const cache = useQueryClient();
  const navigate = useNavigate();
  const add = useMutation({
    mutationFn: () => addSource(name.trim()),
    onSuccess: async ({ id }) => {
      await cache.invalidateQueries({ queryKey: ["status"] });
      onClose();
      await navigate({ to: "/sources/$id", params: { id } });
    },
  });
  return (
    <Dialog title="Add a source" onClose={onClose}>
      <form
        className="dialog-content"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <TextInput
          label="Name"
          description="What sends events, such as a web shop or an app. It gets a write key."
          required
          withAsterisk={false}
          data-autofocus
          value={name}
          error={mistakesOf(add.error).get("name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {elsewhere(add.error, ["name"]).map((each) => (
          <p key={each} className="refused" role="alert">
            <Hostile text={each} />
          </p>
        ))}
        <div className="buttons">
          <Button type="submit" size="sm" loading={add.isPending}>
            Add the source
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
