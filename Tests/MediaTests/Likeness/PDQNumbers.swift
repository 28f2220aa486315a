// Made by tools/fixtures/pdq.py with pdqhash 0.2.8; do not edit.

/// A drawn picture's quality and hash as the reference implementation computes them.
struct PDQNumbers: Sendable {
    let kind: String
    let width: Int
    let height: Int
    let quality: Int
    let hash: String

    static let all: [PDQNumbers] = [
        PDQNumbers(
            kind: "waves", width: 5, height: 5, quality: 100,
            hash: "9b26ce73e4f1318c390ec1f03b0e3e0fc4f1ce339b26ce73e4d9318c390ec1f0"),
        PDQNumbers(
            kind: "waves", width: 64, height: 64, quality: 100,
            hash: "735d6e5563474e54264e6a55ea54cd55aacc4aea56cca48c599cb71c5c38b7a0"),
        PDQNumbers(
            kind: "waves", width: 63, height: 65, quality: 100,
            hash: "77555b5c22536e552b4d6a576a46cc55aacc4aea52cca4cc599ca71c58f8b7a0"),
        PDQNumbers(
            kind: "waves", width: 100, height: 80, quality: 100,
            hash: "3c5d4addaa4e6b5c22cd4e55ea5e4e55aa4c4aaa52cea48c499eb31c5c38b3f0"),
        PDQNumbers(
            kind: "waves", width: 127, height: 129, quality: 100,
            hash: "344d6adcaace6adaaace6a5caace4addaacc4aaa56caa48e499cb31c4c38b1f0"),
        PDQNumbers(
            kind: "waves", width: 333, height: 251, quality: 100,
            hash: "215d6755ba586a4caacd6a4cea546a5daa55aaaa52cab4ce6d9c939c6e3891f0"),
        PDQNumbers(
            kind: "waves", width: 512, height: 40, quality: 100,
            hash: "994d45551a552adc28dd66cc5a556a4cca55aaaa5acab6ce6c8e939c6e3cd1f0"),
        PDQNumbers(
            kind: "waves", width: 7, height: 400, quality: 100,
            hash: "9f20918e6b858b3596d265c9698d987c3ed03f80e0df3cd83ed03cd83ed07cd8"),
        PDQNumbers(
            kind: "noise", width: 5, height: 5, quality: 30,
            hash: "15d2030e0348130e008a361e2e3e23190351109244ce005b201187520a41320e"),
        PDQNumbers(
            kind: "noise", width: 64, height: 64, quality: 100,
            hash: "e91ceacdd87ceadd9c8436086bc437cc0bb44a08f2a06ab0f1d66b94f2de1e74"),
        PDQNumbers(
            kind: "noise", width: 63, height: 65, quality: 100,
            hash: "fadce949f97cc8d59c84ba0d6b84334a0f94e80cb2a06ef071d66b94b25c1f74"),
        PDQNumbers(
            kind: "noise", width: 100, height: 80, quality: 100,
            hash: "ed5218088070f852df58facdfd1259fd0504fd82c2f5788c7cdbdbf88cd2e405"),
        PDQNumbers(
            kind: "noise", width: 127, height: 129, quality: 100,
            hash: "3ca3f95f1420c95f3c00568aabe7d61a0335d6b74375469adbf5621a2aa0969f"),
        PDQNumbers(
            kind: "noise", width: 333, height: 251, quality: 100,
            hash: "b16df300b155e321a007cfe8b15d6aa8a14defa9b77ff514b154e404e34940bf"),
        PDQNumbers(
            kind: "noise", width: 512, height: 40, quality: 100,
            hash: "ffff5555a82a7ffffffeaaaa354a2e238091d4db4005ab584c4500805587810f"),
        PDQNumbers(
            kind: "noise", width: 7, height: 400, quality: 100,
            hash: "692d96d2692d96d296d2692d692d96d296d2692d96d2692d96d296d296d296d2"),
        PDQNumbers(
            kind: "faint", width: 5, height: 5, quality: 0,
            hash: "9b2664d9aa2964d9f91564d99b269b2664d964d99b2664d964d964d964d964d9"),
        PDQNumbers(
            kind: "faint", width: 64, height: 64, quality: 0,
            hash: "000019196e4c3b3b66441133311b64ec66443391113431196e4c1b11b3b93339"),
        PDQNumbers(
            kind: "faint", width: 63, height: 65, quality: 0,
            hash: "0000999966669999666699999999666666669999113499996666999999999999"),
        PDQNumbers(
            kind: "faint", width: 100, height: 80, quality: 0,
            hash: "000019196e4c3b3b66441133311b64ec66443391113431196e4c1b11b3b93339"),
        PDQNumbers(
            kind: "faint", width: 127, height: 129, quality: 0,
            hash: "4ec433b94ccc313346ec111964ce466c3b934446139d99114464113913b94e6c"),
        PDQNumbers(
            kind: "faint", width: 333, height: 251, quality: 0,
            hash: "000019196e4c3b3b66441133311b64ec66443391113431196e4c1b11b3b93339"),
        PDQNumbers(
            kind: "faint", width: 512, height: 40, quality: 0,
            hash: "0000333366669999cccc9999333366666644733399993333cccc999999993333"),
        PDQNumbers(
            kind: "faint", width: 7, height: 400, quality: 0,
            hash: "10266cd99326932632e56cd9932693266cd96cd96cd96cd993266cd96cd99326"),
        PDQNumbers(
            kind: "flat", width: 5, height: 5, quality: 0,
            hash: "00000000113400001134554b113400001134554b2c4b8200820011345e010000"),
        PDQNumbers(
            kind: "flat", width: 64, height: 64, quality: 0,
            hash: "00000000113400001134554b113400001134554b2c4b8200820011345e010000"),
        PDQNumbers(
            kind: "flat", width: 63, height: 65, quality: 0,
            hash: "00000000113400001134554b113400001134554b2c4b8200820011345e010000"),
        PDQNumbers(
            kind: "flat", width: 100, height: 80, quality: 0,
            hash: "00000000113400001134554b113400001134554b2c4b8200820011345e010000"),
        PDQNumbers(
            kind: "flat", width: 127, height: 129, quality: 0,
            hash: "11340000113400001134554b113411341134554b2c4b8200820011345e010000"),
        PDQNumbers(
            kind: "flat", width: 333, height: 251, quality: 0,
            hash: "ffff0000ffff0000ffff0000ffff0000ffff0000ffffffffffff000000000000"),
        PDQNumbers(
            kind: "flat", width: 512, height: 40, quality: 0,
            hash: "00000000113400001134554b113400001134554b2c4b8200820011345e010000"),
        PDQNumbers(
            kind: "flat", width: 7, height: 400, quality: 0,
            hash: "00000000113400001134554b113400001134554b2c4b8200820011345e010000"),
    ]

    /// Of the waves on 333 × 251, in the reference's order: as it is, turned, mirrored.
    static let dihedral: [String] = [
        "215d6755ba586a4caacd6a4cea546a5daa55aaaa52cab4ce6d9c939c6e3891f0",
        "2ad528d5bfd05fca3fcaafe57fe63ff2087d004e00431c70bd7e00630070347f",
        "3408cdffef0fc0e6ff98c0e6bf01c0f7ff000000079f1e6438c939363b6d3b5a",
        "7f80027faa8f75606a9f154f2ab395585d28aae45516b6dae82b8ac955259cd5",
        "215d98aaba5895b3aacd95b3ea5495a2aa55555552ca4b316d9c6c636e386e0f",
        "24081200ef093b19ff983f19bf003f08ff00ffff079fe19b18c9c6c91b6dc4a5",
        "2ad5572affda20353fca401a7fe6c00d087dffb10043e38fbd7edf9c0070c980",
        "7f807d80aa8f8a9f6a9feab02ab36aa75d28551b55164925e82b75367525632a",
    ]
}
