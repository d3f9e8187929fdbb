import { longDay, money, serviceName } from "../format";
import type { Quote } from "../types";

const TOTAL_LABEL: Record<string, string> = { exact: "Total", from: "Starting from", range: "Estimated total" };

const priceOf = (cents: number | null): string => (cents === null ? "on request" : money(cents));

export function QuoteCard({ quote, zone }: { quote: Quote; zone: string }) {
  return (
    <section className="card quote" aria-label="Your price">
      <h3 className="card-title">{quote.service ? `Your price: ${serviceName(quote.service)}` : "Your price"}</h3>
      <dl>
        {quote.lines.map((line, index) => (
          <div key={index} className="quote-line">
            <dt>{line.label}</dt>
            <dd>{priceOf(line.amount_cents)}</dd>
          </div>
        ))}
        <div className="quote-line quote-total">
          <dt>{TOTAL_LABEL[quote.kind] ?? "Total"}</dt>
          <dd>{priceOf(quote.total_cents)}</dd>
        </div>
      </dl>
      {quote.valid_until && <p className="card-note">Price held for you until {longDay(quote.valid_until, zone)}.</p>}
    </section>
  );
}
