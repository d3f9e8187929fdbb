import { Alert, Button } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { carOf, exactMoment, moment, phoneText, phoneUrl } from "../format";
import { useLead, useTimeline } from "../queries";
import type { LeadDetails, Quote, Row } from "../types";
import { errorText, readable, sourceName } from "../words";
import { AppointmentText, QuoteText } from "./MessagePart";

interface Props {
  row: Row;
  quotes: Quote[];
  onClose: () => void;
  /** On a narrow screen it takes the place of the conversation. */
  isAlone: boolean;
}

export function DetailsPane({ row, quotes, onClose, isAlone }: Props) {
  const lead = useLead(row.lead.id);
  const zone = row.location.timezone;
  const { interest, vehicle, status } = row.lead;
  return (
    <section className="pane pane-details" aria-labelledby="about">
      <div className="pane-scroll" tabIndex={0} role="region" aria-label="Details">
        <h2 id="about" className="visually-hidden">
          About the customer
        </h2>
        <div className="details">
          {isAlone && (
            <Button className="only-narrow" variant="default" size="md" onClick={onClose}>
              ← Back to the conversation
            </Button>
          )}
          <section>
            <h3>Customer</h3>
            <Failure of={lead} />
            <dl className="facts">
              <Fact name="Name">{row.lead.name}</Fact>
              <Fact name="Phone">{lead.data?.phone && <a href={phoneUrl(lead.data.phone)}>{phoneText(lead.data.phone)}</a>}</Fact>
              <Fact name="Email">{lead.data?.email && <a href={`mailto:${lead.data.email}`}>{lead.data.email}</a>}</Fact>
              <Fact name="Car">{carOf(vehicle)}</Fact>
              <Fact name="Wants">{interest}</Fact>
              <Fact name="Wrote">{lead.data?.message}</Fact>
            </dl>
          </section>
          <section>
            <h3>Lead</h3>
            <dl className="facts">
              <Fact name="Status">{readable(status)}</Fact>
              <Fact name="Source">{lead.data && sourceName(lead.data.source)}</Fact>
              <Fact name="Received">{lead.data && moment(lead.data.received_at, zone)}</Fact>
              <Fact name="Location">{row.location.name}</Fact>
            </dl>
          </section>
          <section>
            <h3>Appointment</h3>
            {row.appointment ? <AppointmentText appointment={row.appointment} /> : <p className="dimmed small">None yet.</p>}
          </section>
          <section>
            <h3>Quotes</h3>
            {quotes.length === 0 && <p className="dimmed small">None in the messages shown.</p>}
            {quotes.map((quote) => (
              <div key={quote.id}>
                <QuoteText quote={quote} zone={zone} />
              </div>
            ))}
          </section>
          {lead.data && <Consent lead={lead.data} zone={zone} />}
          <Timeline leadId={row.lead.id} zone={zone} />
        </div>
      </div>
    </section>
  );
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  if (!children) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

export function Failure({ of: query }: { of: Pick<UseQueryResult, "isError" | "error" | "refetch" | "isFetching"> }) {
  if (!query.isError) return null;
  return (
    <Alert color="red" role="alert">
      <p>{errorText(query.error)}</p>
      <Button mt="xs" color="red" variant="light" onClick={() => void query.refetch()} loading={query.isFetching}>
        Try again
      </Button>
    </Alert>
  );
}

export function Consent({ lead: { consent }, zone }: { lead: LeadDetails; zone: string }) {
  const says = (given: boolean) => (given ? "May be written to" : "No consent");
  return (
    <section>
      <h3>Consent</h3>
      <dl className="facts">
        <Fact name="SMS">{says(consent.sms)}</Fact>
        <Fact name="Email">{says(consent.email)}</Fact>
        <Fact name="Given">{consent.given_at && moment(consent.given_at, zone)}</Fact>
        <Fact name="Words">{consent.text && `“${consent.text}”${consent.version ? ` (version ${consent.version})` : ""}`}</Fact>
        <Fact name="Page">{consent.url}</Fact>
      </dl>
    </section>
  );
}

function Timeline({ leadId, zone }: { leadId: string; zone: string }) {
  const timeline = useTimeline(leadId);
  const events = (timeline.data ?? []).toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  return (
    <section>
      <h3>Timeline, newest first</h3>
      <Failure of={timeline} />
      <ol className="timeline">
        {events.map(({ type, time, summary }) => (
          <li key={`${type} ${time}`}>
            <time dateTime={time}>{exactMoment(time, zone)}</time>
            {summary}
          </li>
        ))}
      </ol>
    </section>
  );
}
