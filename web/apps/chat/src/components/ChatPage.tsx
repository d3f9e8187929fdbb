import { useCallback, useEffect, useRef } from "react";

import { openTimes } from "../api";
import type { Job } from "../api";
import type { Chat } from "../chat";
import type { Connection, Conversation } from "../conversation";
import { useChat } from "../hooks/useChat";
import { useOnline } from "../hooks/useOnline";
import { useVisibleHeight } from "../hooks/useVisibleHeight";
import { browserLanguage, speak, words } from "../words";
import { rememberShop } from "../shop";
import { Banner } from "./Banner";
import { BookedBar } from "./BookedBar";
import { Composer } from "./Composer";
import { GonePage } from "./GonePage";
import { Header } from "./Header";
import { LoadingChat } from "./LoadingChat";
import { MessageLog } from "./MessageLog";
import { QuickReplies } from "./QuickReplies";

export function ChatPage({ token }: { token: string }) {
  const { chat, state } = useChat(token);
  useVisibleHeight();
  speak((state.phase === "ready" && state.conversation.status.language) || browserLanguage());
  if (state.phase === "gone") return <GonePage token={token} />;
  if (state.phase === "loading") return <LoadingChat offline={state.connection === "offline"} />;
  return <ReadyChat token={token} chat={chat} conversation={state.conversation} connection={state.connection} />;
}

function ReadyChat(props: { token: string; chat: Chat; conversation: Conversation; connection: Connection }) {
  const { token, chat, conversation, connection } = props;
  const { location, status, appointment, actions, outbox, typing, draft } = conversation;
  const offline = !useOnline() || connection === "offline";
  // Buttons under a question that is just being answered would answer it twice.
  const busy = outbox.some((item) => item.delivery === "sending") || typing || draft !== null;
  const page = useRef<HTMLDivElement>(null);
  // The pressed button goes away with its question: whoever works with the keyboard goes on at the conversation.
  const act = useCallback(
    (action: string, label: string) => {
      chat.send({ action }, label);
      page.current?.querySelector<HTMLElement>(".log")?.focus({ preventScroll: true });
    },
    [chat],
  );

  useEffect(() => {
    document.title = words().chatTitle(location.name);
    rememberShop(token, location);
  }, [location, token]);

  const timesOf = useCallback((job: Job) => openTimes(token, job), [token]);

  return (
    <div className="app" ref={page}>
      <Header location={location} status={status} />
      {offline && <Banner>{words().noConnection}</Banner>}
      {appointment && <BookedBar appointment={appointment} shop={location} actions={actions} onAction={act} />}
      <MessageLog key={status.language} timesOf={timesOf} conversation={conversation} onAction={act} onRetry={chat.retry} onDrop={chat.drop} />
      <footer className="dock">
        <QuickReplies conversation={conversation} disabled={busy} onAction={act} />
        <Composer draftOf={token} onSend={(text) => chat.send({ text }, text)} />
      </footer>
    </div>
  );
}
