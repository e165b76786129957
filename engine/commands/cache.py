"""``smarties cache``"""

from __future__ import annotations

import click


@click.command(short_help="Show or clear the embeddings that are kept.")
@click.option("--clear", "wanted", is_flag=True, help="Remove them all.")
def cache(wanted: bool) -> None:
    """Show what the embeddings take that are kept so that training and mapping again take seconds."""
    from engine.tasks.feature_cache import cache_folder, clear, usage

    count, size = clear() if wanted else usage()
    files = "1 file" if count == 1 else f"{count} files"
    click.echo(f"{'Removed' if wanted else 'Keeping'} {files}, {size / 1e6:,.1f} MB, in {cache_folder()}")
