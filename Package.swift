// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "ReviewTUI",
    products: [
        .executable(name: "reviewtui", targets: ["ReviewTUI"])
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
    ],
    targets: [
        // Thin C modules: a module map and a header of `static inline` functions each.
        .systemLibrary(name: "CNCurses", providers: [.apt(["libncurses-dev"])]),
        .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
        .systemLibrary(name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
        .systemLibrary(name: "CWebP", pkgConfig: "libwebpdemux", providers: [.apt(["libwebp-dev"])]),
        .systemLibrary(name: "CChafa", pkgConfig: "chafa", providers: [.apt(["libchafa-dev", "libglib2.0-dev"])]),
        .systemLibrary(name: "CFriBidi", pkgConfig: "fribidi", providers: [.apt(["libfribidi-dev"])]),
        // Loaded with dlopen at run time, so this one has no library to link.
        .systemLibrary(name: "COpenVINO"),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        .target(
            name: "Queue",
            dependencies: [
                "CSQLite", "CZlib",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Crypto", package: "swift-crypto"),
                "TOMLKit",
            ]),
        .target(name: "Media", dependencies: ["CPNG", "CTurboJPEG", "CWebP"]),
        .target(
            name: "ModelCore",
            dependencies: [
                "COpenVINO",
                .product(name: "Crypto", package: "swift-crypto"),
                "TOMLKit",
            ]),
        .executableTarget(
            name: "ReviewTUI",
            dependencies: [
                "Queue", "Media", "ModelCore", "CNCurses", "CChafa", "CFriBidi", "TOMLKit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // A file system for SQLite that writes down what is done to it, for tests of power cuts.
        .target(name: "CFaultVFS", path: "Tests/Support/CFaultVFS"),
        .testTarget(name: "QueueTests", dependencies: ["Queue", "CFaultVFS"], resources: [.copy("Fixtures")]),
        .testTarget(name: "MediaTests", dependencies: ["Media"]),
        .testTarget(name: "ModelCoreTests", dependencies: ["ModelCore"], resources: [.copy("Fixtures")]),
        .testTarget(
            name: "ReviewTUITests", dependencies: ["ReviewTUI", "Media", "ModelCore"], resources: [.copy("Snapshots")]),
    ],
    swiftLanguageModes: [.v6]
)
