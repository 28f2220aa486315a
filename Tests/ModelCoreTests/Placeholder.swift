import Testing
@testable import ModelCore
