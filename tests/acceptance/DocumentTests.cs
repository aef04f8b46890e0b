using System.Text.RegularExpressions;

namespace Touchmark.Acceptance;

/// <summary>What the documents point at is there.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_format_is_in_the_index()
    {
        var index = File.ReadAllText(Path.Combine(World.Root, "spec", "README.md"));
        var pages = Directory.GetFiles(Path.Combine(World.Root, "spec"), "*.md").Select(Path.GetFileName).Where(name => name != "README.md");
        Assert.All(pages, page => Assert.Contains($"]({page})", index, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_test_that_a_document_names_exists()
    {
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(World.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Concat(Directory.EnumerateFiles(Path.Combine(World.Root, "printer", "tests"), "*.py")).Select(File.ReadAllText));
        foreach (var page in new[] { "docs/threat-model.md", "docs/operations.md", "SECURITY.md" })
        {
            var named = TestName().Matches(File.ReadAllText(Path.Combine(World.Root, page))).Select(match => match.Groups["name"].Value).ToList();
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.Contains(name, sources, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_link_between_documents_leads_to_a_file()
    {
        foreach (var page in Directory.EnumerateFiles(World.Root, "*.md").Concat(Directory.EnumerateFiles(Path.Combine(World.Root, "docs"), "*.md", SearchOption.AllDirectories))
                     .Concat(Directory.EnumerateFiles(Path.Combine(World.Root, "spec"), "*.md")))
        {
            foreach (Match link in Link().Matches(File.ReadAllText(page)))
            {
                var target = Path.Combine(Path.GetDirectoryName(page)!, link.Groups["target"].Value);
                Assert.True(Path.Exists(target), $"{Path.GetRelativePath(World.Root, page)} links to {link.Groups["target"].Value}, which is not there.");
            }
        }
    }

    // A class of tests, or a test by its sentence (up to an ellipsis).
    [GeneratedRegex("`(?:[A-Za-z]+Tests\\.)?(?<name>[A-Z][a-z]+(?:[A-Z][a-z]+)*Tests|[A-Z][a-z]+(?:_[A-Za-z]+){3,}|test(?:_[A-Za-z]+){2,})_?…?`", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex TestName();

    [GeneratedRegex("\\]\\((?<target>[^)#:]+)\\)", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Link();
}
