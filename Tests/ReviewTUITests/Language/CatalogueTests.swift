import Testing

@testable import ReviewTUI

@Suite("Phrases in another language")
struct CatalogueTests {
    private static let german = """
        name = "Deutsch"
        [phrases]
        "Set aside %1 without a verdict. It comes back later." = "Ohne Urteil zurückgestellt: %1. Es kommt wieder."
        "%1 of %2" = "%2, davon %1"
        "not yet" = ""
        """

    private func german() throws -> Catalogue { try Catalogue(toml: Self.german, file: "de.toml") }

    @Test("a phrase is said in the catalogue's language, with its parts where that wants them")
    func translated() throws {
        try Catalogue.$override.withValue(german()) {
            #expect(phrase("\(1) of \(2)") == "2, davon 1")
            #expect(phrase("not yet") == "not yet")
            #expect(phrase("unknown \("%1") %") == "unknown %1 %")
        }
        #expect(phrase("\(1) of \(2)") == "1 of 2")
    }

    @Test("the console speaks it")
    func console() throws {
        try Catalogue.$override.withValue(german()) {
            var mia = Reviewer([Sample.threat, Sample.harmless])
            mia.press("space")
            #expect(mia.statusLine.contains("Ohne Urteil zurückgestellt: post-17. Es kommt wieder."))
        }
    }

    @Test(
        "a catalogue that cannot be followed says where",
        arguments: [
            ("name = \"x\"\n[phrases]\n\"a %1\" = \"b\"", "x.toml:3: a %1 has other parts"),
            ("name = \"x\"\n[phrases]\n\"a\" = 1", "x.toml:3: a must be a string"),
            ("name = \"x\"\n[phrases]\n\"a\" = \"\\u001b[31m\"", "x.toml:3: a has characters that cannot be shown"),
            ("name = \"x\"\nphrase = 1", "phrase is not known here"), ("[phrases]", "name is missing"),
        ])
    func broken(toml: String, sentence: String) {
        let error = #expect(throws: SettingsError.self) { _ = try Catalogue(toml: toml, file: "x.toml") }
        #expect("\(error.map { "\($0)" } ?? "")".contains(sentence))
    }
}
