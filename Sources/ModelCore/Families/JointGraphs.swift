/// A model that reads a picture and a text together, described in two graphs, so that a picture is encoded once and read
/// by many texts:
///
///     pixels ─▶ pictureGraph ─▶ picture ┐
///                        texts ─────────┴▶ readingGraph ─▶ a score a text, a map a text
///
/// The second graph takes one picture and any number of texts: the engine broadcasts the picture's keys and values over
/// the texts, and makes them once a batch.
protocol JointGraphs: Sendable {
    /// How pictures come in.
    var image: Encoder { get }

    /// `pixels` of one picture → `picture` [1, image tokens, width], what texts read; and, of models that have them,
    /// `embedding` [1, embeddingWidth], not normalised, and `reach` [1, image tokens, patches], how a map over what
    /// texts read becomes one over patches.
    func pictureGraph() throws(WeightsError) -> Engine.Source

    /// `picture` (and `reach`, where a map is asked for that needs it), `ids`, `mask` and what else the family's texts
    /// have → `score` [texts]: log-odds of what the model is asked, or the log-likelihood of a caption.
    ///
    /// - Parameter method: also gives `whole` [texts, patches], the mean of a text's map over its tokens; `cross-grad` is
    ///   that of `score`.
    /// - Throws: ``ExplanationError`` for a layer that is not there or not covered, else ``WeightsError``.
    func readingGraph(explaining method: CrossMethod?) throws -> Engine.Source

    /// The layer that a method looks at, from 0.
    ///
    /// - Throws: ``ExplanationError``.
    func checkedLayer(of method: CrossMethod) throws(ExplanationError) -> Int
}

/// How a picture comes into a graph that reads it.
enum PictureInput: Sendable, Hashable {
    /// As `pixels`, one for each text (see ``PatchEmbedding/Input``); nil leaves their number free.
    case pixels(batch: Int?)
    /// As ``JointGraphs/pictureGraph()`` gave it, one for all texts.
    case encoded
}
