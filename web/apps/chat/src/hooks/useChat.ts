import { useEffect, useMemo, useSyncExternalStore } from "react";

import { createChat } from "../chat";
import type { Chat } from "../chat";
import type { ChatState } from "../conversation";

export function useChat(token: string): { chat: Chat; state: ChatState } {
  const chat = useMemo(() => createChat(token), [token]);
  const state = useSyncExternalStore(chat.subscribe, chat.state);
  useEffect(() => chat.start(), [chat]);
  return { chat, state };
}
