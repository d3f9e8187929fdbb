import { Link } from "@tanstack/react-router";

export function NotFoundPage() {
  return (
    <main className="alone">
      <div className="card">
        <h1>There is no such page</h1>
        <p>
          <Link to="/inbox">Go to the inbox</Link>
        </p>
      </div>
    </main>
  );
}
