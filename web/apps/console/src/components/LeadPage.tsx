import { Button, Loader } from "@mantine/core";
import { Link, useParams, useRouter } from "@tanstack/react-router";

import { afterText, carOf, exactMoment, moment, phoneText, phoneUrl } from "../format";
import { useLead, useMe, useTimeline } from "../queries";
import type { LeadDetails } from "../types";
import { readable, sourceName } from "../words";
import { Consent, Fact, Failure } from "./DetailsPane";
import { TopBar } from "./TopBar";

export function LeadPage() {
  const { id } = useParams({ from: "/leads/$id" });
  const { data: me } = useMe();
  const lead = useLead(id);
  const router = useRouter();
  if (!me) return null;
  return (
    <div className="console">
      <TopBar me={me} title={lead.data?.name || "Lead"} />
      <main className="page">
        <div className="filters">
          <Button variant="default" size="md" onClick={() => (router.history.canGoBack() ? router.history.back() : void router.navigate({ to: "/leads" }))}>
            ← Back to the leads
          </Button>
        </div>
        {lead.isPending && (
          <div className="empty">
            <Loader aria-label="Loading" />
          </div>
        )}
        <Failure of={lead} />
        {lead.data && <Life lead={lead.data} />}
      </main>
    </div>
  );
}

function Life({ lead }: { lead: LeadDetails }) {
  const zone = lead.location.timezone;
  return (
    <div className="details lead-life">
      <section>
        <h2>{lead.name || "No name"}</h2>
        <dl className="facts">
          <Fact name="Status">{readable(lead.status)}</Fact>
          <Fact name="Phone">{lead.phone && <a href={phoneUrl(lead.phone)}>{phoneText(lead.phone)}</a>}</Fact>
          <Fact name="Email">{lead.email && <a href={`mailto:${lead.email}`}>{lead.email}</a>}</Fact>
          <Fact name="Car">{carOf(lead.vehicle)}</Fact>
          <Fact name="Wants">{lead.interest}</Fact>
          <Fact name="Wrote">{lead.message}</Fact>
          <Fact name="Source">{sourceName(lead.source)}</Fact>
          <Fact name="Location">{lead.location.name}</Fact>
          <Fact name="Received">{moment(lead.received_at, zone)}</Fact>
        </dl>
        <p>
          <Link to="/inbox" search={{ tab: "all", q: lead.phone ?? lead.name }}>
            Find the conversation
          </Link>
        </p>
      </section>
      <Consent lead={lead} zone={zone} />
      <Timeline lead={lead} zone={zone} />
    </div>
  );
}

/** Oldest first, each with how long after the first word of the lead it was. */
function Timeline({ lead, zone }: { lead: LeadDetails; zone: string }) {
  const timeline = useTimeline(lead.id);
  const events = (timeline.data ?? []).toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time));
  return (
    <section>
      <h3>Timeline</h3>
      <Failure of={timeline} />
      <ol className="timeline" aria-label="Timeline">
        <li>
          <time dateTime={lead.received_at}>{exactMoment(lead.received_at, zone)}</time>
          First word reached us
        </li>
        {events.map(({ type, time, summary }) => (
          <li key={`${type} ${time} ${summary}`}>
            <time dateTime={time}>
              {exactMoment(time, zone)} <strong>{afterText(lead.received_at, time)}</strong>
            </time>
            {summary}
          </li>
        ))}
      </ol>
    </section>
  );
}
