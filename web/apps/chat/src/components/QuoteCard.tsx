import { AFTER_INSPECTION, carName, goodUntil, isEstimate, longDay, money, priceText, serviceName } from "../format";
import type { Quote } from "../types";

const totalOf = ({ kind, total_cents, max_cents }: Quote): string =>
  total_cents === null ? "on request" : priceText({ kind, amount_cents: total_cents, max_cents: max_cents ?? null });

const priceOf = (cents: number | null): string => (cents === null ? "on request" : money(cents));

export function QuoteCard({ quote, zone }: { quote: Quote; zone: string }) {
  const estimate = isEstimate(quote.kind);
  const until = quote.valid_until ? longDay(quote.valid_until, zone) : "";
  return (
    <section className="card quote" aria-label="Your price">
      <h3 className="card-title">{quote.service ? `Your price: ${serviceName(quote.service)}` : "Your price"}</h3>
      {carName(quote.vehicle) && <p className="card-note">For your {carName(quote.vehicle)}</p>}
      <dl>
        {quote.lines.map((line, index) => (
          <div key={index} className="quote-line">
            <dt>{line.label}</dt>
            <dd>{priceOf(line.amount_cents)}</dd>
          </div>
        ))}
        <div className="quote-line quote-total">
          <dt>{estimate ? "Estimate" : "Total"}</dt>
          <dd>{totalOf(quote)}</dd>
        </div>
      </dl>
      {estimate && <p className="card-note">{AFTER_INSPECTION}</p>}
      {until && <p className="card-note">{goodUntil(quote.kind, until)}</p>}
    </section>
  );
}
