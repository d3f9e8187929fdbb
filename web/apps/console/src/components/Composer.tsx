import { Alert, Button, SegmentedControl, Textarea } from "@mantine/core";
import { type KeyboardEvent, type RefObject, useState } from "react";

import { type Draft, emptyDraft, keepDraft, keptDraft, typed } from "../draft";
import { useWriting } from "../queries";
import type { ReplyBy } from "../types";
import { errorText, replyWay } from "../words";

const MOST_CHARACTERS = 4000;

type Kind = "reply" | "note";

interface Props {
  id: string;
  box: RefObject<HTMLTextAreaElement | null>;
  replyBy: ReplyBy;
  suggestion: string | undefined;
  /** Whether writing makes the conversation this member's. */
  takesOver: boolean;
  onLeave: () => void;
}

/** What could not be sent stays in the box, and goes out under the same id when it is sent again. */
export function Composer(props: Props) {
  const [kind, setKind] = useState<Kind>("reply");
  return (
    <div className={kind === "note" ? "composer composer-note" : "composer"}>
      <SegmentedControl
        aria-label="What you write"
        size="sm"
        value={kind}
        onChange={(value) => setKind(value as Kind)}
        data={[
          { value: "reply", label: "Reply" },
          { value: "note", label: "Private note" },
        ]}
      />
      <Writing key={kind} kind={kind} {...props} />
    </div>
  );
}

function Writing({ id, kind, box, replyBy, suggestion, takesOver, onLeave }: Props & { kind: Kind }) {
  const [draft, setDraft] = useState(() => keptDraft(kind, id));
  const writing = useWriting(id, kind);
  const change = (next: Draft) => {
    setDraft(next);
    keepDraft(kind, id, next);
  };
  const text = draft.text.trim();
  const send = () => {
    if (!text || writing.isPending) return;
    writing.mutate({ text, clientId: draft.clientId }, { onSuccess: () => change(emptyDraft()) });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") onLeave();
    // 229: the Enter that ends an input method.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  const isReply = kind === "reply";
  return (
    <>
      <Textarea
        ref={box}
        aria-label={isReply ? "Your reply" : "Your note"}
        placeholder={isReply ? "Write to the customer" : "Only the shop sees this"}
        size="md"
        rows={2}
        maxLength={MOST_CHARACTERS}
        readOnly={writing.isPending}
        value={draft.text}
        onChange={(event) => change(typed(draft, event.currentTarget.value, writing.isError))}
        onKeyDown={onKeyDown}
      />
      {writing.isError && (
        <Alert color="red" role="alert" py="xs">
          Not sent; it is kept here as a draft. {errorText(writing.error)}
        </Alert>
      )}
      <div className="composer-foot">
        <p className="dimmed small">
          {isReply ? replyWay(replyBy) : "The customer never sees a note."}
          {isReply && takesOver && " Sending takes the conversation over."}
        </p>
        {isReply && suggestion && !draft.text && (
          <Button size="md" variant="light" onClick={() => change({ ...draft, text: suggestion })}>
            Suggested reply
          </Button>
        )}
        <Button size="md" onClick={send} disabled={!text} loading={writing.isPending}>
          {writing.isError ? "Send again" : isReply ? "Send" : "Keep note"}
        </Button>
      </div>
    </>
  );
}
