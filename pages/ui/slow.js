// Slow motion: between two frames of a film, what a family does in numbered steps. A step has a name and what to say of
// it; `shows` names the layers that it speaks of, with "codes" for the picture of the codes; `moves` those that go to
// the next frame, and what moved before stays there.

const MOVE = 700; // milliseconds

const AUTOENCODER = [
  { name: "Encode", say: "The encoder turns every point into a code.", shows: ["data", "codes"] },
  { name: "Decode", say: "The decoder puts each code back on the plane.", shows: ["grid", "pairs", "codes"] },
  { name: "Compare", say: "The lines from the points to their rebuilt ones are the error.", shows: ["pairs"] },
  { name: "Learn", say: "Both change a little, so that the lines become shorter.", shows: ["grid", "pairs", "samples", "codes"], moves: ["grid", "pairs", "samples", "codes"] },
];

const SUBSTEPS = {
  gan2d: [
    { name: "Draw codes", say: "G is given random codes: places on this square, most of them near its middle.", shows: ["codes"] },
    { name: "G makes points", say: "G puts every code on the plane: the square is bent, and the samples lie on it.", shows: ["grid", "samples", "codes"], unfolds: true },
    { name: "D judges", say: "D says of every place how real a point there looks: blue is real, orange is made.", shows: ["surface", "data", "samples"] },
    { name: "D learns", say: "D compares real points with made ones and changes: the surface moves, and G does not.", shows: ["surface", "data", "samples"], moves: ["surface", "ideal"] },
    { name: "D shows the way", say: "The needles: which way each made point should go to look more real to D.", shows: ["needles", "samples"] },
    { name: "G learns", say: "G changes so that its points follow the needles, and D does not.", shows: ["samples", "grid"], moves: ["samples", "grid"] },
  ],
  vae2d: [
    { name: "Encode", say: "The encoder turns every point into an ellipse of codes: where its code may lie.", shows: ["data", "codes"] },
    { name: "Draw a code", say: "From each ellipse one code is drawn. The doubt forces codes that are near to mean nearly the same.", shows: ["codes"] },
    { name: "Decode", say: "The decoder puts the codes back on the plane.", shows: ["grid", "pairs", "codes"] },
    { name: "Compare", say: "Two wishes: short lines from the points to their rebuilt ones, and ellipses that fill the prior, the dashed circles.", shows: ["pairs", "codes"] },
    { name: "Learn", say: "Encoder and decoder change a little, to please both.", shows: ["grid", "pairs", "samples", "codes"], moves: ["grid", "pairs", "samples", "codes"] },
  ],
  ae2d: AUTOENCODER,
  mixture2d: [
    { name: "E-step", say: "Every point takes the colours of the components that probably made it.", shows: ["data"] },
    { name: "M-step", say: "Every component moves to the points it owns: their weighted mean, spread and share.", shows: ["ellipses", "data"], moves: ["ellipses", "samples"] },
  ],
};

// How far a layer is on its way to the next frame at a step, and how much of it is seen.
const stepped = (steps, at, share) => ({
  moved: (layer) => {
    const when = steps.findIndex(({ moves }) => moves && moves.includes(layer));
    return when < 0 || at < when ? 0 : at > when ? 1 : share;
  },
  seen: (layer, on) => (steps[at].shows.includes(layer) ? 1 : on ? 0.18 : 0),
});
