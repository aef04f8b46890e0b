using Touchmark.Evidence.Statements;

namespace Touchmark.Evidence.Verification;

/// <summary>A statement beside that which a file is about, and the part of the file that it was taken from.</summary>
internal sealed record RelatedStatement(StatementPart Part, Statement Statement);
