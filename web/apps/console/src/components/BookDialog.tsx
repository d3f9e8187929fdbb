import { Alert, Button, NativeSelect } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";

import { api } from "../api";
import type { CalendarDays } from "../calendar";
import { carOf, phoneText, priceText, quotePrice } from "../format";
import { useCalendarChange } from "../queries";
import type { Lead } from "../types";
import { uuid } from "../uuid";
import { errorText } from "../words";
import { Dialog } from "./Dialog";
import { SearchBox } from "./SearchBox";
import { TimePicker } from "./TimePicker";

interface Props {
  calendar: CalendarDays;
  first: string;
  onClose: () => void;
}

/** Who, what, when. */
export function BookDialog({ calendar, first, onClose }: Props) {
  const [lead, setLead] = useState<Lead | null>(null);
  return (
    <Dialog title="Book for a customer" onClose={onClose}>
      {lead ? (
        <>
          <div className="picked">
            <p>
              <strong>{lead.name || "No name"}</strong> {carOf(lead.vehicle)}
            </p>
            <Button variant="default" size="md" onClick={() => setLead(null)}>
              Somebody else
            </Button>
          </div>
          <Job lead={lead} first={first} onDone={onClose} />
        </>
      ) : (
        <FindLead location={calendar.location.code} onChoose={setLead} />
      )}
    </Dialog>
  );
}

const MOST_FOUND = 8;

function FindLead({ location, onChoose }: { location: string; onChoose: (lead: Lead) => void }) {
  const [q, setQ] = useState("");
  const found = useQuery({ queryKey: ["leads", "find", location, q], queryFn: () => api.leads({ location, q }) });
  const leads = found.data?.slice(0, MOST_FOUND) ?? [];
  return (
    <>
      <SearchBox label="Find the customer by name, phone, email or car" value={q} onChange={setQ} isFirst />
      {found.isError && (
        <Alert color="red" role="alert">
          {errorText(found.error)}
        </Alert>
      )}
      {found.isSuccess && leads.length === 0 && (
        <p role="status">Nobody of this shop fits. Search by another word, or take the customer in through the website's form first.</p>
      )}
      <ul aria-label="Customers" className="found">
        {leads.map((lead) => (
          <li key={lead.id}>
            <button type="button" className="found-lead" onClick={() => onChoose(lead)}>
              <span className="row-name">{lead.name || "No name"}</span>
              <span className="dimmed small">
                {[lead.phone && phoneText(lead.phone), carOf(lead.vehicle), lead.interest].filter(Boolean).join(" · ")}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Job({ lead, first, onDone }: { lead: Lead; first: string; onDone: () => void }) {
  const offered = useQuery({ queryKey: ["offered", lead.id], queryFn: () => api.offered(lead.id) });
  const key = useRef(uuid());
  const quote = useMutation({ mutationFn: (service: string) => api.price(lead.id, service) });
  const book = useCalendarChange(({ quoteId, start }: { quoteId: string; start: string }) => {
    return api.book(lead.id, quoteId, start, key.current);
  }, onDone);
  const take = (start: string) => {
    key.current = uuid();
    if (quote.data) book.mutate({ quoteId: quote.data.id, start });
  };
  if (offered.isError) {
    return (
      <Alert color="red" role="alert">
        {errorText(offered.error)}
      </Alert>
    );
  }
  return (
    <>
      <NativeSelect
        label="Service"
        autoFocus
        size="md"
        defaultValue=""
        onChange={(event) => {
          book.reset();
          if (event.currentTarget.value) quote.mutate(event.currentTarget.value);
        }}
        data={[
          { value: "", label: "Choose a service" },
          ...(offered.data ?? []).map(({ code, name, price }) => ({ value: code, label: `${name}, ${priceText(price)}` })),
        ]}
      />
      {offered.data?.length === 0 && <p role="status">This shop offers nothing today: import its catalogue first.</p>}
      {quote.isError && (
        <Alert color="red" role="alert">
          {errorText(quote.error)}
        </Alert>
      )}
      {quote.data && (
        <>
          <p>
            For this car: <strong>{quotePrice(quote.data)}</strong>. The customer gets the confirmation by email
            and text.
          </p>
          <TimePicker
            key={quote.data.id}
            of={{ lead_id: lead.id, quote_id: quote.data.id }}
            first={first}
            verb="Book"
            onTake={take}
            isTaking={book.isPending}
            error={book.error}
          />
        </>
      )}
    </>
  );
}
