// What people say of an issue: that somebody knows of it, that it is over, that it troubles nobody.
import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Issue, markIssue, type Ruling, reopenIssue } from "../../api/issues";
import { useMay } from "../../api/me";
import { Dialog } from "../../parts/Dialog";
import { elsewhere, mistakesOf } from "../../parts/form/mistakes";
import { Hostile } from "../../parts/Hostile";
import { canReopen, RULINGS, rulingsFor } from "./issues";

interface SayProps {
  issue: Issue;
  ruling: Ruling;
  onClose: () => void;
}

/** Asks for a note, which may stay empty. */
function Say({ issue, ruling, onClose }: SayProps) {
  const [note, setNote] = useState("");
  const client = useQueryClient();
  const { act, title, follows } = RULINGS[ruling];
  const say = useMutation({
    mutationFn: () => markIssue(issue.id, ruling, note),
    onSuccess: async () => {
      await client.invalidateQueries();
      onClose();
    },
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="dialog-content"
        onSubmit={(event) => {
          event.preventDefault();
          say.mutate();
        }}
      >
        <p>{follows}</p>
        <Textarea
          label="Note"
          description="Why, or what is done about it. Everybody who sees the issue sees it."
          autosize
          minRows={2}
          maxLength={500}
          data-autofocus
          value={note}
          error={mistakesOf(say.error).get("note")}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        {elsewhere(say.error, ["note"]).map((each) => (
          <p key={each} className="refused" role="alert">
            <Hostile text={each} />
          </p>
        ))}
        <div className="buttons">
          <Button type="submit" size="sm" loading={say.isPending}>
            {act}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

export function Deeds({ issue }: { issue: Issue }) {
  const [asks, setAsks] = useState<Ruling | null>(null);
  const mayEdit = useMay("edit");
  const client = useQueryClient();
  const reopen = useMutation({
    mutationFn: () => reopenIssue(issue.id),
    onSettled: async () => await client.invalidateQueries(),
  });
  if (!mayEdit) return null;
  return (
    <div className="actions">
      {rulingsFor(issue).map((ruling) => (
        <Button key={ruling} variant="default" size="compact-sm" onClick={() => setAsks(ruling)}>
          {RULINGS[ruling].act}…
        </Button>
      ))}
      {canReopen(issue) && (
        <Button
          variant="default"
          size="compact-sm"
          loading={reopen.isPending}
          onClick={() => reopen.mutate()}
        >
          Reopen
        </Button>
      )}
      {reopen.error && (
        <span role="alert" className="refused">
          {reopen.error.message}
        </span>
      )}
      {asks && <Say issue={issue} ruling={asks} onClose={() => setAsks(null)} />}
    </div>
  );
}
