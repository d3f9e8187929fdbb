import { Alert, Button, Skeleton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { api } from "../api";
import { carOf, clock, phoneText, phoneUrl } from "../format";
import { usePresence } from "../hooks";
import type { KeyAction } from "../keys";
import { markRead, useActing, useConversation } from "../queries";
import { entries, quotesOf } from "../thread";
import type { Handoff, Me, Row } from "../types";
import { errorText, readable, whoAnswers, whoIsHere } from "../words";
import { Composer } from "./Composer";
import { DetailsPane } from "./DetailsPane";
import { Thread } from "./Thread";

interface Props {
  id: string;
  me: Me;
  isLive: boolean;
  asked: { action: KeyAction; times: number };
  onBack: () => void;
  showsDetails: boolean;
  onDetails: (shows: boolean) => void;
}

export function ConversationPane(props: Props) {
  const { id, me, isLive, onBack } = props;
  const conversation = useConversation(id, isLive);
  const queries = useQueryClient();
  const mayWrite = me.role !== "read_only";
  const newest = conversation.data?.pages[0];
  useEffect(() => {
    if (newest && mayWrite) markRead(queries, id);
  }, [newest, mayWrite, queries, id]);

  if (!newest) {
    return (
      <section className="pane pane-thread" aria-label="Conversation">
        {conversation.isError ? (
          <div className="empty">
            <h2>This conversation cannot be shown</h2>
            <p role="alert">{errorText(conversation.error)}</p>
            <Button size="md" onClick={() => void conversation.refetch()} loading={conversation.isFetching}>
              Try again
            </Button>
            <Button size="md" variant="subtle" onClick={onBack}>
              Back to the list
            </Button>
          </div>
        ) : (
          <div className="filters" role="status" aria-label="Loading">
            <Skeleton height={44} animate={false} />
            <Skeleton height={80} animate={false} />
            <Skeleton height={80} animate={false} />
          </div>
        )}
      </section>
    );
  }
  return <Loaded {...props} mayWrite={mayWrite} conversation={conversation} row={newest.conversation} />;
}

interface LoadedProps extends Props {
  mayWrite: boolean;
  conversation: ReturnType<typeof useConversation>;
  row: Row;
}

function Loaded({ id, me, asked, onBack, showsDetails, onDetails, mayWrite, conversation, row }: LoadedProps) {
  const takeOver = useActing(id, me, api.takeOver);
  const giveBack = useActing(id, me, api.giveBack);
  const onWriting = usePresence(id);
  const title = useRef<HTMLHeadingElement>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const pages = conversation.data?.pages ?? [];
  const isMine = row.owner === "human" && row.handoff?.taken_by === me.id;
  const mayTake = mayWrite && row.owner !== "human";
  const mayGiveBack = mayWrite && (row.owner === "human" || row.handoff !== undefined);
  const failed = takeOver.error ?? giveBack.error;

  useEffect(() => title.current?.focus({ preventScroll: true }), []);
  const handled = useRef(asked.times);
  useEffect(() => {
    if (asked.times === handled.current) return;
    handled.current = asked.times;
    if (asked.action === "reply") box.current?.focus();
    if (asked.action === "takeOver" && mayTake && !takeOver.isPending) takeOver.mutate();
    if (asked.action === "giveBack" && mayGiveBack && !giveBack.isPending) giveBack.mutate();
  }, [asked, mayTake, mayGiveBack, takeOver, giveBack]);

  return (
    <>
      <section className="pane pane-thread" aria-label="Conversation">
        <div className="thread-head">
          <Button className="only-phone" variant="default" size="md" px="sm" onClick={onBack} aria-label="Back to the list">
            ←
          </Button>
          <div className="thread-title">
            <h2 ref={title} tabIndex={-1}>
              {row.lead.name || "No name"}
            </h2>
            <p className="dimmed small">
              {[carOf(row.lead.vehicle), row.location.name].filter(Boolean).join(" · ")}
            </p>
          </div>
          <Button className="only-narrow" size="md" variant="default" onClick={() => onDetails(true)}>
            Details
          </Button>
          <div className="thread-acts">
            {mayTake && (
              <Button size="md" loading={takeOver.isPending} onClick={() => takeOver.mutate()}>
                Take over
              </Button>
            )}
            {mayGiveBack && (
              <Button size="md" variant="default" loading={giveBack.isPending} onClick={() => giveBack.mutate()}>
                {row.owner === "human" ? "Give back" : "End hand-off"}
              </Button>
            )}
          </div>
          <p className="small thread-who" role="status">
            {whoAnswers(row, me.id)} <strong>{whoIsHere(row.present, me.id)}</strong>
          </p>
        </div>
        {failed && (
          <Alert color="red" role="alert" radius={0}>
            {takeOver.isError ? "Not taken over. " : "Not given back. "}
            {errorText(failed)}
          </Alert>
        )}
        {row.handoff && <HandoffNotice handoff={row.handoff} row={row} />}
        <Thread
          entries={entries(pages)}
          row={row}
          hasEarlier={conversation.hasNextPage}
          isLoadingEarlier={conversation.isFetchingNextPage}
          onEarlier={() => void conversation.fetchNextPage()}
        />
        {conversation.isError && (
          <Alert color="red" role="alert" radius={0}>
            What you see may be old. {errorText(conversation.error)}
          </Alert>
        )}
        {mayWrite ? (
          <Composer
            id={id}
            box={box}
            replyBy={pages[0]?.reply_by ?? { channel: "web", also: [] }}
            suggestion={isMine || row.owner === "assistant" ? row.handoff?.suggested_reply : undefined}
            messages={pages.flatMap((page) => page.messages)}
            colleague={row.present.find((one) => one.writing && one.staff_id !== me.id)?.name}
            onWriting={onWriting}
            takesOver={row.owner !== "human"}
            onLeave={() => title.current?.focus()}
          />
        ) : (
          <p className="composer dimmed small">You may read this conversation. Your role does not write.</p>
        )}
      </section>
      <DetailsPane
        row={row}
        quotes={quotesOf(pages.flatMap((page) => page.messages))}
        onClose={() => onDetails(false)}
        isAlone={showsDetails}
      />
    </>
  );
}

function HandoffNotice({ handoff, row }: { handoff: Handoff; row: Row }) {
  const zone = row.location.timezone;
  return (
    <section className="handoff" aria-label="Why a person is needed">
      <p>
        <strong>{readable(handoff.reason)}</strong>
        {handoff.answer_by && ` · answer by ${clock(handoff.answer_by, zone)}`}
      </p>
      {handoff.open_question && <p>Open question: “{handoff.open_question}”</p>}
      {handoff.summary && <p className="handoff-summary">{handoff.summary}</p>}
      {handoff.call_back && (
        <p>
          Wants to be called at <a href={phoneUrl(handoff.call_back.phone)}>{phoneText(handoff.call_back.phone)}</a>, asked at{" "}
          {clock(handoff.call_back.requested_at, zone)}.
        </p>
      )}
    </section>
  );
}
