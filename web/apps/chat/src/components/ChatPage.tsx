import { useCallback, useEffect } from "react";

import type { Chat } from "../chat";
import type { Connection, Conversation } from "../conversation";
import { useChat } from "../hooks/useChat";
import { useOnline } from "../hooks/useOnline";
import { useVisibleHeight } from "../hooks/useVisibleHeight";
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
  if (state.phase === "gone") return <GonePage />;
  if (state.phase === "loading") return <LoadingChat offline={state.connection === "offline"} />;
  return <ReadyChat chat={chat} conversation={state.conversation} connection={state.connection} />;
}

function ReadyChat(props: { chat: Chat; conversation: Conversation; connection: Connection }) {
  const { chat, conversation, connection } = props;
  const { location, status, appointment, actions, outbox, typing, draft } = conversation;
  const offline = !useOnline() || connection === "offline";
  // Buttons under a question that is just being answered would answer it twice.
  const busy = outbox.some((item) => item.delivery === "sending") || typing || draft !== null;
  const act = useCallback((action: string, label: string) => chat.send({ action }, label), [chat]);

  useEffect(() => {
    document.title = `${location.name} – chat`;
  }, [location.name]);

  return (
    <div className="app">
      <Header location={location} status={status} />
      {offline && <Banner>No connection right now. Trying again…</Banner>}
      {appointment && <BookedBar appointment={appointment} shop={location} actions={actions} onAction={act} />}
      <MessageLog conversation={conversation} onAction={act} onRetry={chat.retry} onDrop={chat.drop} />
      <footer className="dock">
        <QuickReplies conversation={conversation} disabled={busy} onAction={act} />
        <Composer onSend={(text) => chat.send({ text }, text)} />
      </footer>
    </div>
  );
}
