"""What is seen on each page, in the field's words: how to read its figures, and what to find in them."""

from __future__ import annotations

__all__ = [
    "BEAT",
    "BENCH",
    "COMPARE",
    "LAB",
    "LABELS",
    "LATENT",
    "MIXTURE",
    "OWN",
    "PHOTOGRAPHS",
    "PIXELS",
    "PORTRAITS",
    "REPAIR",
    "ROOM",
    "RUNS",
    "SCORES",
]

MIXTURE = """
- **Points** take the colours of the components that probably made them: the share of each is its *responsibility*.
- **Ellipses** are the components: one and two standard deviations, σ. The bar below them is their *weights*, the share
  of all points that each claims.
- **The curve** is the mean *log-likelihood*: how probable the points are under the mixture, in nats (1 nat = 1.44
  bits). EM never lets it fall, and stops where it no longer rises: at a top, which need not be the highest.
- **Your prediction.** Components share what is near them, and none jumps over another. So where they start decides
  where they end: look at *Several starts*. And more components always raise the curve: look at *How many components?*
"""

LAB = """
- **The picture** holds the data and what the model makes of random codes, its *samples*. Each word below it shows or
  hides a layer: how real D finds each place, the density that the model gives it, the grid that G bends.
- **Modes found** and **high quality** count samples near the true groups. **Missing** and **invented** are the two KL
  divergences between data and samples, in nats: the first grows where a group is left out, the second where something
  is made up. A model that is good at one alone can be bad at the other.
- **Curves** tell losses over the steps; the dotted ones are of points that were not learnt from.
"""

ROOM = """
- **New digits** come from random codes, always the same ones, so that you see each of them become a digit.
- **Rebuilt** are test images, each above what the model makes of its code: the difference is the *reconstruction
  error*. A GAN has no encoder and rebuilds nothing.
- **The map** holds the codes of test images, coloured by their class, which no model without labels was told.
- **Curves** are losses in nats an image, over the steps. Solid is training, dotted validation: where the dotted one
  rises again, the model learns by heart.
- **The line with the dot** is what simple rules say of curves and pictures: of a preset that fails, what is wrong.
"""

COMPARE = """
- **One slider for all**: it goes by the share of each run's training, so runs of unlike length stay together.
- **Colours** are those of the families, or of the runs where a family is there twice; curves share their axes.
- **Below** stands only what differs between the runs, and how each did. Losses of unlike families have unlike units:
  a GAN's is that of a game, and says nothing about its images.
"""

LABELS = """
- **The film** shows both runs at the same share of their training. With labels each column was asked for one digit, so
  the columns sort themselves; without, a model draws what it likes.
- **Asked for a digit**: a classifier that neither model knows reads a hundred drawings of each digit. One in ten fits
  by chance.
- **Generating against predicting**: by Bayes' rule a model of how each digit looks can read, too. It is slower, and
  reads a little worse than a classifier of the same size, which can draw nothing.
- **Your prediction.** Labels tell a model what it would else have to find out, so drawings get better *and* obey. The
  scoreboard says by how much.
"""

BENCH = """
- **Where values went** shows what one way puts into the gaps, beside what stood there. **What the mixture then makes**
  are its new points, beside rows that it has not seen.
- **Error** says how near each single value is. **log p(x)** and the **energy distance** say how good the model is of
  which the table was completed: two questions, and two winners.
- **Rows with a gap** can be any (MCAR), or depend on what is seen (MAR), or on the missing value itself (MNAR); of the
  last no way can know.
- **Your prediction.** What is nearest one by one is a mean, and means lie too close together: the best values make the
  worse model. A draw is farther off, and keeps the spread.
"""

PIXELS = """
- **Standardised** means less the mean and divided by the standard deviation, of all training pixels together. The
  picture stays the same; the numbers that a network sees and puts out do not.
- **A likelihood has a unit.** Of black or white images there are finitely many, so each has a probability, at most 1.
  Of grey levels there is a density: it may exceed 1, grows without end where images are rebuilt exactly, and depends
  on the unit.
- **So never compare** a Bernoulli with a Gaussian likelihood, nor one of standardised pixels with one of pixels from 0
  to 1 before the unit is accounted for. Squared errors and distances of drawings may be compared.
- **A GAN has no likelihood.** What it is shown decides what D learns first: where real pixels are only black or white,
  grey can give a drawing away.
"""

OWN = """
- **The strips** show what a model would see of each class: 28 x 28 grey levels, cropped and scaled.
- **Light on dark** is how digits come. A bright ground gives a model many large numbers that say nothing.
- **Twelve in a row** are spread over all that was found: what looks alike to you does so to a model.
- **Your prediction.** Outlines survive, and textures do not. Of few images a mixture learns something at once, a VAE
  smears, and a GAN needs the most.
"""

LATENT = """
- **Code**, *z*: the few numbers a decoder makes an image of. An encoder goes the other way.
- **Prior**: where codes are expected before any image is seen. For a VAE and a GAN it is a bell curve around 0 with
  standard deviation σ = 1 in every number, so that random codes give new images; an autoencoder has none.
- **Posterior**: where a VAE thinks the code of one image lies. Its ellipse on the map reaches two standard deviations.
- **log p(z)** says how likely a code is under the prior, in nats (1 nat = 1.44 bits). In many dimensions no code lies
  near the middle, so the image there is seldom a typical one.
- **Directions** mix the numbers of a code: each moves independently of the others in the codes of test images, and the
  one that changes the image most stands first.
- **Your prediction.** Between two heaps of a VAE's map images change from one digit into the other; of an autoencoder
  many places between them decode to nothing known.
"""

REPAIR = """
- **The question.** What stood in the hole, given what is around it? Often more than one answer fits: then a single
  guess is either a blurred mean of them all, or one of them, and perhaps the wrong one.
- **PSNR** (peak signal-to-noise ratio, in dB) is the mean squared error in the hole on a logarithmic scale: 10 dB more
  is a tenth of the error. The mean of all answers has the least squared error, so **PSNR likes blur**.
- **SSIM** compares means, contrast and structure of small windows; 1 is the same. **RMSE** is the typical error of a
  pixel, in grey levels from 0 to 1.
- **Reads** is what an independent classifier, trained on whole digits, makes of the repair; of your own images
  **like** tells the class of the training image that is nearest to it.
- Every method sees the same pixels and gives them back unchanged. None has ever seen the test images.
- **Your own images** are mended by your own runs: the newest of each family that learned from them.
- **Noise, blur, low resolution.** No pixel is as it was, but each number that is left is a sum of pixels. Every model
  that can say what it would look like so damaged can be asked which image fits; the others say why they cannot.
"""

SCORES = """
- **Fréchet distance**: how far the drawings are from real images as a whole, in the features of a classifier or along
  plain axes. Lower is better; it is comparable with itself alone.
- **Precision**: which share of the drawings lies among real images. **Recall**: which share of real images lies among
  the drawings. A model that draws one digit well has the first and not the second.
- **The two ends**: real images against real ones, and noise. No model can be better than the first, and what is near
  the second has learned nothing.
- **Nearer to training**: how many drawings lie nearer to a training image than to a test image; far above what real
  images get, a model knows its images by heart.
- **Your prediction.** The order depends on the eyes: compare by plain axes, and a model that blurs rises.
"""

BEAT = """
- **Made found** and **real kept** are sensitivity and specificity: with all marked, the first is perfect and the second
  nothing. So look at both, or at the share that is right.
- **The bars** tell where the true share lies with 95 % confidence: twenty images are few.
- **The network** is the discriminator of a small GAN, taught with other drawings of the same model. A model whose
  drawings it cannot tell would be perfect, for its eyes.
- **Your prediction.** People stumble over strokes that stop, and forgive smoothness. A network sees single pixels: it
  finds what looks right to you.
"""

PORTRAITS = """
- **Seven small faces** above each slider show what it does from low to high, at this face.
- **The bars** beside it are readings: what is measured on the face that is drawn, in standard deviations of the
  photographs.
- **Nothing else** moves one reading and holds the others as far as a straight line can; **all that goes with it** moves
  what went together in the photographs, too.
- **Nearest photograph**: so far is the face from anybody the model has learnt from.
- **Your prediction.** What goes together in 32 people goes together in the model: look at *What hangs together*.
"""

RUNS = """
- **A run** is one training: its settings, its film, its curves and its saved weights, all in one folder.
- **States**: *waiting* for its turn, *training*, *paused*, *parked* since nobody watched, *interrupted* by the end of
  the server, *stopped* by you, *finished*, *failed* with a reason. All but the last can go on from what was saved.
- **Yours** are those that this browser started. A link shows a run to anybody, and lets nobody steer it.
"""

PHOTOGRAPHS = """
- **Whose faces.** 400 photographs of 40 volunteers, ten of each, taken in one laboratory in Cambridge between April
  1992 and April 1994: *The Database of Faces*, AT&T Laboratories Cambridge. Cut to a square and made 64 pixels wide. 32
  people are learnt from, 4 are chosen by, 4 were kept to the end.
- **Consent.** They volunteered to be photographed for research more than thirty years ago. Nobody could ask them about
  models that make new faces of theirs. So this page names nobody, and takes no photographs of others: a likeness
  belongs to whom it is like.
- **What the model cannot show.** Nearly all of the 40 are men, all are adults, all sat in one laboratory. It draws no
  children and hardly any women, and no skin, hair or glasses that these 32 did not have. What it finds usual is usual
  among them, and says little about faces at large.
- **What the sliders do not say.** They follow light and dark in some places of the picture. None of them is age, sex,
  mood or character, and no picture tells those.
- **A new face may still be somebody.** Each made face stands beside the photograph that it is most like; how far is far
  enough is told by how far two photographs of one person are apart.
"""
