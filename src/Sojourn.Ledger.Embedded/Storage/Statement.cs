using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Sojourn.Ledger.Embedded.Storage;

/// <summary>One prepared statement of the writing connection, bound and stepped without the costs of a general-purpose driver: the writer runs several for every transaction.</summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle ?? throw new InvalidOperationException("The connection is closed.");
        Check(raw.sqlite3_prepare_v2(_database, sql, out _statement));
    }

    public Statement Bind(int index, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, index, value));
        return this;
    }

    public Statement Bind(int index, ReadOnlySpan<byte> value)
    {
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, index, 0) : raw.sqlite3_bind_blob(_statement, index, value));
        return this;
    }

    /// <summary>Runs the statement to its end; it gives no rows that matter.</summary>
    /// <exception cref="SqliteException">SQLite refused; the message is its own.</exception>
    public void Run()
    {
        var code = raw.sqlite3_step(_statement);
        var reset = raw.sqlite3_reset(_statement);
        if (code is not (raw.SQLITE_DONE or raw.SQLITE_ROW))
        {
            Check(code);
        }

        Check(reset);
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteException($"SQLite {code}: {raw.sqlite3_errmsg(_database).utf8_to_string()}", code);
        }
    }
}
