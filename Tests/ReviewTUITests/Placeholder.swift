import Testing
@testable import ReviewTUI
