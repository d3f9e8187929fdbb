import { Alert, Button, SegmentedControl, Textarea } from "@mantine/core";
import { type KeyboardEvent, type RefObject, useEffect, useState } from "react";

import { ApiError } from "../api";
import { type Draft, emptyDraft, keepDraft, keptDraft, newestSeq, seenSeq, typed } from "../draft";
import { useWriting } from "../queries";
import type { Message, ReplyBy } from "../types";
import { authorName, errorText, replyWay } from "../words";

const MOST_CHARACTERS = 4000;

type Kind = "reply" | "note";

interface Props {
  id: string;
  box: RefObject<HTMLTextAreaElement | null>;
  replyBy: ReplyBy;
  suggestion: string | undefined;
  messages: Message[];
  /** Who has the turn to reply; undefined where it is free or this member's. */
  colleague: string | undefined;
  onWriting: (writing: boolean) => void;
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

function Writing(props: Props & { kind: Kind }) {
  const { id, kind, box, replyBy, suggestion, messages, colleague, onWriting, takesOver, onLeave } = props;
  const isReply = kind === "reply";
  const [draft, setDraft] = useState(() => keptDraft(kind, id));
  const writing = useWriting(id, kind);
  const change = (next: Draft) => {
    setDraft(next);
    keepDraft(kind, id, next);
  };
  const write = (words: string) => {
    change(typed(draft, words, writing.isError, newestSeq(messages)));
    if (isReply) onWriting(words.trim() !== "");
  };
  useEffect(() => () => onWriting(false), [onWriting]);
  const text = draft.text.trim();
  const waits = isReply && colleague !== undefined;
  const meanwhile = writing.error instanceof ApiError ? writing.error.meanwhile : [];
  const send = () => {
    if (!text || writing.isPending || waits) return;
    // What the last refusal has shown is read.
    const seen = Math.max(seenSeq(draft, messages), newestSeq(meanwhile));
    const onSuccess = (seq: number | null) => {
      change({ ...emptyDraft(), seenSeq: seq });
      onWriting(false);
    };
    writing.mutate({ text, clientId: draft.clientId, seen }, { onSuccess });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") onLeave();
    // 229: the Enter that ends an input method.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
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
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {meanwhile.length > 0 && (
        <Alert color="yellow" role="alert" py="xs">
          <strong>Not sent yet: this was written meanwhile</strong>
          <ul className="meanwhile">
            {meanwhile.map((one) => (
              <li key={one.id}>
                <strong>{authorName(one.author, one.author_name)}:</strong> {one.text}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      {writing.isError && meanwhile.length === 0 && (
        <Alert color="red" role="alert" py="xs">
          Not sent; it is kept here as a draft. {errorText(writing.error)}
        </Alert>
      )}
      <div className="composer-foot">
        <p className="dimmed small">
          {waits ? `${colleague} is writing a reply. Yours can be sent after it.` : isReply ? replyWay(replyBy) : "The customer never sees a note."}
          {isReply && !waits && takesOver && " Sending takes the conversation over."}
        </p>
        {isReply && suggestion && !draft.text && (
          <Button size="md" variant="light" onClick={() => write(suggestion)}>
            Suggested reply
          </Button>
        )}
        <Button size="md" onClick={send} disabled={!text || waits} loading={writing.isPending}>
          {meanwhile.length > 0 ? "Send all the same" : writing.isError ? "Send again" : isReply ? "Send" : "Keep note"}
        </Button>
      </div>
    </>
  );
}
