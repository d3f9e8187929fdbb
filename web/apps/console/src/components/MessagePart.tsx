import { appointmentPrice, carName, money, quotePrice, shortDay, timeSpan } from "../format";
import type { Appointment, Part, Quote } from "../types";

/** What the customer sees as cards and buttons, to read. */
export function MessagePart({ part, zone }: { part: Part; zone: string }) {
  switch (part.kind) {
    case "quote":
      return (
        <div className="part">
          <h3>Quote</h3>
          <QuoteText quote={part.quote} zone={zone} />
        </div>
      );
    case "slots":
      return (
        <div className="part">
          <h3>Times offered</h3>
          <ul>
            {part.slots.map((slot) => (
              <li key={slot.start}>{slot.label}</li>
            ))}
          </ul>
        </div>
      );
    case "appointment":
      return (
        <div className="part">
          <h3>Appointment</h3>
          <AppointmentText appointment={part.appointment} />
        </div>
      );
    case "actions":
      return <p className="dimmed small">The customer can press: {part.actions.map(({ label }) => label).join(" · ")}</p>;
    default:
      return null;
  }
}

export function QuoteText({ quote, zone }: { quote: Quote; zone: string }) {
  const car = carName(quote.vehicle) || carName({ vehicle_class: quote.vehicle_class ?? null });
  return (
    <>
      <p className="line">
        <span>
          {quote.service.name}
          {car && `, ${car}`}
        </span>
        <strong>{quotePrice(quote)}</strong>
      </p>
      {quote.lines.length > 1 &&
        quote.lines.map((line) => (
          <p className="line dimmed small" key={line.label}>
            <span>{line.label}</span>
            <span>{money(line.amount_cents)}</span>
          </p>
        ))}
      <p className="dimmed small">Good until {shortDay(quote.valid_until, zone)}</p>
    </>
  );
}

export function AppointmentText({ appointment }: { appointment: Appointment }) {
  const { number, status, start, end, timezone, service, vehicle } = appointment;
  return (
    <>
      <p className="line">
        <span>
          {service.name}
          {carName(vehicle) && `, ${carName(vehicle)}`}
        </span>
        <strong>{appointmentPrice(appointment)}</strong>
      </p>
      <p>{timeSpan(start, end, timezone)}</p>
      <p className="dimmed small">
        {status === "booked" ? "Booked" : "Cancelled"}, number {number}
      </p>
    </>
  );
}
