import Testing

@testable import ReviewTUI

@Suite struct NumberListTests {
    @Test(arguments: [
        ("11", [11]), ("8-11", [8, 9, 10, 11]), ("5,2", [2, 5]), ("0,3-4,4", [0, 3, 4]),
    ])
    func `Layers and heads are written as numbers and ranges`(_ text: String, _ numbers: [Int]) {
        #expect(NumberList(argument: text)?.numbers == numbers)
    }

    @Test(arguments: ["", ",", "-1", "3-", "4-2", "1-2-3", "a", "0-99999999999", "99999999999999999999", "1,,2", "1.5"])
    func `Anything else is refused, and a range of billions is not filled in`(_ text: String) {
        #expect(NumberList(argument: text) == nil)
    }
}
