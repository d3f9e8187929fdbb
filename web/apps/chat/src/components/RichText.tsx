const URL_PATTERN = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]'])/;

/** Plain text with its web addresses as links; line breaks are kept by the style. */
export function RichText({ text }: { text: string }) {
  // With one capturing group, split() puts the addresses at the odd places.
  return text.split(URL_PATTERN).map((piece, index) =>
    index % 2 === 1 ? (
      <a key={index} href={piece} target="_blank" rel="noopener noreferrer">
        {piece.replace(/^https?:\/\//, "")}
      </a>
    ) : (
      piece
    ),
  );
}
