// Package atomicfile writes files and folders that appear whole or not at all.
//
// New content goes to a temporary sibling of its destination, is flushed to the disk, and only then takes the
// destination's name by a rename, which is atomic inside one file system. Whatever happens before the rename (an error,
// a full disk, a kill, a power cut) leaves the old content in place. After the rename the parent folder is flushed too,
// because a rename that lives only in the page cache can be lost by a power cut.
//
// A process that is killed leaves its temporary sibling behind; RemoveLeftovers deletes those that no live process holds.
package atomicfile
