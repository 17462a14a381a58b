// A line drawing for each kind of place, so that rooms are told apart at a glance. Decoration only.

const ART: Readonly<Record<string, string>> = {
  // An atrium: a glass front between pillars, a globe within.
  headquarters:
    "M4 60h112M12 60V22L60 6l48 16v38M24 60V26M96 60V26M36 60V21M84 60V21M12 22h96M60 52a13 13 0 1 0 0-26 13 13 0 0 0 0 26Zm0-26v26M47 39h26M54 60c0-3 2.500-5 6-5s6 2 6 5",
  // An airport hall: gates under a long roof.
  checkpoint:
    "M4 60h112M8 20c34-14 70-14 104 0M8 20v40M112 20v40M30 60V34h14v26M54 60V34h14v26M78 60V34h14v26M30 42h14M54 42h14M78 42h14M26 26h68",
  // A square with trees and steps.
  plaza:
    "M4 60h112M16 60v-4h88v4M24 56v-4h72v4M34 52V34M28 34a6 8 0 1 1 12 0c0 5-3 8-6 8s-6-3-6-8M86 52V34M80 34a6 8 0 1 1 12 0c0 5-3 8-6 8s-6-3-6-8M60 52V22M52 22h16l-8-12-8 12Z",
};
const OTHER = "M4 60h112M20 60V18h80v42M32 60V30h16v30M60 30h28v14H60V30ZM20 18 60 6l40 12";

export function WorldArt({ world }: { readonly world: string }) {
  return (
    <svg class="world-art" viewBox="0 0 120 64" aria-hidden="true" focusable="false">
      <path d={ART[world] ?? OTHER} />
    </svg>
  );
}
