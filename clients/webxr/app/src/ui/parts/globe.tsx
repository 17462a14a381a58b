// Our own drawing: a globe of meridians in a brass ring, as it hangs in the atrium. Decoration only.

const MERIDIANS = [15, 38, 58, 73, 82];
const PARALLELS = [-60, -40, -20, 0, 20, 40, 60];
const RADIUS = 84;

export function Globe() {
  return (
    <svg class="globe" viewBox="-120 -120 240 240" aria-hidden="true" focusable="false">
      <circle class="globe-ring" r="104" />
      <g class="globe-ticks">
        {Array.from({ length: 72 }, (_, index) => (
          <line key={index} y1="-104" y2={index % 6 === 0 ? -97 : -100} transform={`rotate(${index * 5})`} />
        ))}
      </g>
      <circle class="globe-sphere" r={RADIUS} />
      <g class="globe-lines" transform="rotate(-18)">
        <line y1={-RADIUS} y2={RADIUS} />
        {MERIDIANS.map((angle) => (
          <ellipse key={angle} rx={(RADIUS * Math.sin((angle * Math.PI) / 180)).toFixed(1)} ry={RADIUS} />
        ))}
        {PARALLELS.map((latitude) => {
          const y = (-RADIUS * Math.sin((latitude * Math.PI) / 180)).toFixed(1);
          const half = (RADIUS * Math.cos((latitude * Math.PI) / 180)).toFixed(1);
          return <line key={latitude} x1={`-${half}`} x2={half} y1={y} y2={y} />;
        })}
      </g>
      <path class="globe-orbit" d="M-104 26C-60 66 60 66 104 26" />
      <circle class="globe-node" cx="-38" cy="-30" r="3.5" />
      <circle class="globe-node" cx="22" cy="-46" r="2.5" />
      <circle class="globe-node" cx="46" cy="12" r="3" />
      <circle class="globe-node" cx="-12" cy="34" r="2.5" />
      <path class="globe-link" d="M-38-30Q-8-62 22-46Q52-24 46 12Q22 40-12 34" />
    </svg>
  );
}

/** The small mark beside the name. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <circle cx="16" cy="16" r="14" />
      <ellipse cx="16" cy="16" rx="6.5" ry="14" />
      <path d="M2.6 12h26.8M2.6 20h26.8" />
      <circle class="mark-node" cx="22.2" cy="12" r="2.8" />
    </svg>
  );
}
