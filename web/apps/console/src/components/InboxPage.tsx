import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";

import { useKeys, useLive } from "../hooks";
import { type Filter, neighbour, shown } from "../inbox";
import { KEYS, type KeyAction } from "../keys";
import { useInbox, useLocations, useMe } from "../queries";
import type { InboxSearch } from "../router";
import type { Me } from "../types";
import { ConversationList } from "./ConversationList";
import { ConversationPane } from "./ConversationPane";
import { KeysDialog } from "./KeysDialog";
import { TopBar } from "./TopBar";

const KEYS_OFF = "console.keys-off";

export function InboxPage() {
  const { data: me } = useMe();
  return me ? <Inbox me={me} /> : null;
}

function Inbox({ me }: { me: Me }) {
  const search = useSearch({ from: "/inbox" });
  const { id } = useParams({ strict: false });
  const navigate = useNavigate();
  const isLive = useLive(me.id);
  const filter: Filter = { ...search, tab: search.tab ?? "waiting" };
  const inbox = useInbox(filter, isLive);
  const places = useLocations().data ?? [];
  const rows = shown(inbox.data?.pages ?? [], filter.tab);
  const searchBox = useRef<HTMLInputElement>(null);
  const [helps, setHelps] = useState(false);
  const [keysOn, setKeysOn] = useState(() => localStorage.getItem(KEYS_OFF) === null);
  const [showsDetails, setShowsDetails] = useState(false);
  // Of the keys that the conversation acts on, the last one pressed.
  const [asked, setAsked] = useState<{ action: KeyAction; times: number }>({ action: "help", times: 0 });

  const onFilter = ({ tab, location, q }: InboxSearch) => {
    const wanted = { ...(tab ? { tab } : {}), ...(location ? { location } : {}), ...(q ? { q } : {}) };
    if (id) void navigate({ to: "/inbox/$id", params: { id }, search: wanted, replace: true });
    else void navigate({ to: "/inbox", search: wanted, replace: true });
  };
  const open = (next: string | undefined) => {
    if (next) void navigate({ to: "/inbox/$id", params: { id: next }, search });
  };
  const onKey = (action: KeyAction) => {
    if (action === "next") open(neighbour(rows, id, 1));
    else if (action === "previous") open(neighbour(rows, id, -1));
    else if (action === "help") setHelps(true);
    else if (action === "search") searchBox.current?.focus();
    else setAsked(({ times }) => ({ action, times: times + 1 }));
  };
  useKeys(KEYS, keysOn && !helps, onKey);
  const onEnable = (on: boolean) => {
    setKeysOn(on);
    if (on) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  };

  return (
    <div className="console">
      <TopBar me={me} title="Inbox" onHelp={() => setHelps(true)} />
      {!isLive && (
        <p className="banner" role="status">
          The connection is lost. The inbox is looked up every 10 seconds until it is back.
        </p>
      )}
      <main className="panes" data-open={id ? "" : undefined} data-details={showsDetails && id ? "" : undefined}>
        <nav className="pane pane-list" aria-label="Inbox">
          <ConversationList
            me={me}
            filter={filter}
            onFilter={onFilter}
            rows={rows}
            inbox={inbox}
            places={places}
            openId={id}
            searchBox={searchBox}
          />
        </nav>
        {id ? (
          <ConversationPane
            key={id}
            id={id}
            me={me}
            isLive={isLive}
            asked={asked}
            onBack={() => void navigate({ to: "/inbox", search })}
            showsDetails={showsDetails}
            onDetails={setShowsDetails}
          />
        ) : (
          <section className="pane pane-thread" aria-label="Conversation">
            <div className="empty">
              <h2>No conversation is open</h2>
              <p>
                Choose one from the list, or press <kbd className="key">j</kbd>. All keys: <kbd className="key">?</kbd>
              </p>
            </div>
          </section>
        )}
      </main>
      <KeysDialog opened={helps} onClose={() => setHelps(false)} enabled={keysOn} onEnable={onEnable} />
    </div>
  );
}
