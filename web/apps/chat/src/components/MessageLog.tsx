import { Fragment, useEffect, useState } from "react";

import type { Job } from "../api";
import type { Conversation, Outgoing } from "../conversation";
import { continues, dayKey, dayTitle, vehicleName, zoneName } from "../format";
import { useStickToBottom } from "../hooks/useStickToBottom";
import { words } from "../words";
import type { Message, OpenTimes } from "../types";
import { MessageRow } from "./MessageRow";
import { NewMessagesPill } from "./NewMessagesPill";
import { OutgoingRow } from "./OutgoingRow";
import { ReplyInProgress } from "./ReplyInProgress";

interface Props {
  conversation: Conversation;
  onAction: (action: string, label: string) => void;
  onRetry: (outgoing: Outgoing) => void;
  /** All open times for a job, beside those that were offered. */
  timesOf: (job: Job) => Promise<OpenTimes>;
  onDrop: (clientId: string) => void;
}

export function MessageLog({ conversation, onAction, onRetry, onDrop, timesOf }: Props) {
  const { messages, outbox, draft, typing, location, appointment, actions } = conversation;
  const own = messages.filter((message) => message.author === "customer").length + outbox.length;
  const stick = useStickToBottom(own);
  const unread = useUnread(messages, stick.atBottom);
  const pickable = messages.findLast((message) => message.parts?.some((part) => part.kind === "slots"))?.seq;

  return (
    <div className="log-frame">
      <div className="log" ref={stick.scroller} tabIndex={0} aria-label={words().conversation} role="region">
        <div className="log-content" ref={stick.content}>
          <Intro conversation={conversation} />
          <div role="log" aria-live="polite" aria-label={words().messages}>
            {messages.map((message, index) => (
              <Fragment key={message.seq}>
                <DaySeparator message={message} before={messages[index - 1]} zone={location.timezone} />
                <MessageRow
                  message={message}
                  first={!continues(messages[index - 1], message, location.timezone)}
                  shop={location}
                  appointment={appointment}
                  moving={conversation.status.state.startsWith("move_")}
                  timesOf={timesOf}
                  actions={actions}
                  slotsOpen={message.seq === pickable}
                  latest={index === messages.length - 1 && outbox.length === 0}
                  onAction={onAction}
                />
              </Fragment>
            ))}
            {outbox.map((outgoing) => (
              <OutgoingRow key={outgoing.clientId} outgoing={outgoing} onRetry={onRetry} onDrop={onDrop} />
            ))}
          </div>
          <ReplyInProgress draft={draft} typing={typing} owner={conversation.status.owner} />
        </div>
      </div>
      {!stick.atBottom && <NewMessagesPill count={unread} onPress={stick.toBottom} />}
    </div>
  );
}

/** How many messages of others have come since the reader left the end of the list. */
function useUnread(messages: Message[], atBottom: boolean): number {
  const newest = messages.at(-1)?.seq ?? 0;
  const [seen, setSeen] = useState(newest);
  useEffect(() => {
    if (atBottom) setSeen(newest);
  }, [atBottom, newest]);
  return messages.filter((message) => message.seq > seen && message.author !== "customer").length;
}

function Intro({ conversation }: { conversation: Conversation }) {
  const { lead, location, messages } = conversation;
  const about = [lead.interest, vehicleName(lead.vehicle)].filter(Boolean).join(" · ");
  const now = messages[0]?.created_at ?? new Date().toISOString();
  return (
    <div className="intro">
      {about && <p className="intro-about">{about}</p>}
      <p>{words().zoneNote(zoneName(now, location.timezone, "longGeneric"))}</p>
    </div>
  );
}

function DaySeparator({ message, before, zone }: { message: Message; before: Message | undefined; zone: string }) {
  if (before && dayKey(before.created_at, zone) === dayKey(message.created_at, zone)) return null;
  return (
    <p className="day">
      <span>{dayTitle(message.created_at, zone, new Date())}</span>
    </p>
  );
}
